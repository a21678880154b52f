#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Part of a block is written while the target still holds an older write of the
# block, which has failed.  What stands beside that part is read when the older
# one cannot be executed any more: else it would be gone again after a client
# has read it.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

# LUNs cannot be reset: only the nexus that has lost the write can settle it.
start_scripted --set linger=1 --set reset=0 --set block-size=4096
start_nbdkit iscsi "$url" sessions=2 timeout=1 recovery-timeout=60
run_nbdsh -c - <<END
import time
from scripted_client import await_end, await_sessions, held_write, holder, tell

a, b = nbd.NBD(), nbd.NBD()
a.connect_uri("$uri")
b.connect_uri("$uri")
await_sessions(2)

# Its third session is away, after which it fails.
ended = held_write(a, b"O" * 4096, 0, times=3)
old = f"login{holder()}"
tell(f"rule {old} times=0 login 0301")
assert await_end(a, ended) == errno.EIO

part = []
b.aio_pwrite(nbd.Buffer.from_bytearray(bytearray(b"N" * 512)), 512,
             completion=lambda e: part.append(e.value) or 1)
end = time.time() + 2
while time.time() < end:
    b.poll(20)
assert not part
print(tell("release"))
assert a.pread(4096, 0) == b"O" * 4096
tell(f"rules clear {old}")
assert await_end(b, part) == 0
now = a.pread(4096, 0)
assert now == b"O" * 512 + b"N" * 512 + b"O" * 3072, set(now)
END
