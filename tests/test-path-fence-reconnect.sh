#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A write fails at recovery-timeout while the target still holds it.  Its
# client comes back, or all leave and come back: no newer write is made, and
# no older one after it, until the old one can never be executed.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

# LUNs cannot be reset: only the nexus that has lost the write can settle it.
# The LUN is not in the URL, which would keep it in use.
start_scripted --set linger=1 --set reset=0
start_nbdkit iscsi "iscsi://$portal/$iqn" sessions=4 recovery-timeout=2
run_nbdsh -c - <<END
import time
from scripted_client import await_end, fails, held_write, holder, insist, tell

def client():
    h = nbd.NBD()
    h.connect_uri("nbd+unix:///1?socket=$sock")
    return h

a = client()
other = client()
while "sessions=2" not in tell("status").split():
    time.sleep(0.05)
ended = held_write(a, b"O" * 4096, 0)
old = f"login{holder()}"
tell(f"rule {old} times=0 login 0301")
tell("drop held")
assert await_end(a, ended) == errno.EIO
a.shutdown()
b = client()
assert b.pread(4096, 0) == bytes(4096)
fails(b.pwrite, b"N" * 4096, 0)
b.shutdown()

# All leave, for longer than a target lingers that nobody uses.
other.shutdown()
time.sleep(3)
c = client()
assert c.pread(4096, 0) == bytes(4096)
fails(c.pwrite, b"N" * 4096, 0)

tell(f"rules clear {old}")
insist(c.pwrite, b"N" * 4096, 0)
c.flush()
print(tell("release"))
assert c.pread(4096, 0) == b"N" * 4096
END
equal "first byte of the disk" "$(head -c 1 "$disk")" N
equal "held writes that were executed" "$(scripted_fact late-writes)" 0
