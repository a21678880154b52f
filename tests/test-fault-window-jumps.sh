#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that closes its command window by a jump of MaxCmdSN, asks for data,
# says GOOD before they are sent, and opens the window again: libiscsi then
# sends what it held back.  Memory that is not ours is not touched (seen under
# the sanitizers and valgrind), and the server serves on.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set early-good=1 --set window-jumps=1 --set max-recv=8192
MALLOC_PERTURB_=165 start_nbdkit iscsi "$url" recovery-timeout=4
run_nbdsh -u "$uri" -c - <<END
import time
for i in range(5):
    try:
        h.pwrite(b"A" * (1 << 18), i << 20)
    except nbd.Error as e:
        print(e)
    # Until the session, idle now, is looked after.
    time.sleep(0.5)
END
[ "$(scripted_fact early)" -gt 0 ] || fail "no write ended early"

scripted set early-good=0
scripted set window-jumps=0
run_nbdsh -u "$uri" -c 'h.pwrite (b"B" * 65536, 0)' \
          -c 'assert h.pread (65536, 0) == b"B" * 65536'
stop_nbdkit
