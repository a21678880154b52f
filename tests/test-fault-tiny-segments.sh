#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that takes 512 bytes at a time, and then nothing: the pieces of many
# large writes are not queued all at once, and these fail when they should.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set max-recv=512 --set first-burst=262144
start_nbdkit iscsi "$url" timeout=2 noop-interval=1 noop-timeout=1 \
             recovery-timeout=2 login-timeout=2
export scripted_pid
cleanup_fn kill -CONT "$scripted_pid"
start=$(now)
run_nbdsh -u "$uri" -c - <<'END'
import os
import signal

from scripted_client import insist

target = int(os.environ["scripted_pid"])
size = 16 << 20
data = nbd.Buffer.from_bytearray(bytearray(size))
os.kill(target, signal.SIGSTOP)
left = {h.aio_pwrite(data, i % 3 * size) for i in range(8)}
while left:
    h.poll(-1)
    for write in list(left):
        try:
            assert not h.aio_command_completed(write)
        except nbd.Error as e:
            assert e.errnum == errno.EIO, e
            left.remove(write)
os.kill(target, signal.SIGCONT)
block = b"b" * 65536
insist(h.pwrite, block, 0)
assert insist(h.pread, 65536, 0) == block
END
within "all of it" $(($(now) - start)) "5 s (2 to notice, 2 held)" 30
