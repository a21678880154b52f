#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that takes logins and drops the session on each read: requests fail
# at recovery-timeout, however many there are.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url" recovery-timeout=4 sessions=1
scripted rule io times=0 drop
run_nbdsh -u "$uri" -c - >"$tmp/times" <<'END'
import time

def wave():
    start = time.monotonic()
    left = [nbd.Buffer(512) for i in range(16)]
    errors = []
    def over(error):
        errors.append(error.value)
        return 1
    for i, buf in enumerate(left):
        h.aio_pread(buf, i * 4096, completion=over)
    while len(errors) < len(left):
        h.poll(1000)
    assert set(errors) == {errno.EIO}, errors
    print(int((time.monotonic() - start) * 1000))

wave()
wave()
END
{ read -r held; read -r later; } <"$tmp/times"
within "16 reads" "$held" "5 s" 25
within "16 more" "$later" "5 s" 25
