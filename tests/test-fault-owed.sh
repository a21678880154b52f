#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A client's session is down, and another one carries its write, is lost and
# does not come back in time: the write fails.  Then the client's own session
# is back.  No newer write is made, by whomever, before the other session is back
# as well, since the target may still execute the one that failed.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set linger=1
start_nbdkit iscsi "$url" sessions=2 recovery-timeout=2
run_nbdsh -c - <<END
from scripted_client import await_end, await_sessions, fails, held_write, insist, tell

# The first ISID is that of the preflight.
a = nbd.NBD()
a.connect_uri("$uri")
b = nbd.NBD()
b.connect_uri("$uri")
await_sessions(2)
tell("rule login2 times=0 login 0302")
tell("drop 1")
insist(a.pread, 512, 0)

ended = held_write(a, b"O" * 4096, 0)
tell("rule login3 times=0 swallow")
tell("drop held")
assert await_end(a, ended) == errno.EIO
tell("rules clear login2")
insist(a.pread, 512, 0)
fails(a.pwrite, b"N" * 4096, 0)

# That holds for the LUN: a new client may be the same as the old one.
c = nbd.NBD()
c.connect_uri("$uri")
assert c.pread(4096, 0) != b"O" * 4096
fails(c.pwrite, b"C" * 4096, 0)

tell("rules clear login3")
insist(a.pwrite, b"N" * 4096, 0)
a.flush()
print(tell("release"))
assert b.pread(4096, 0) == b"N" * 4096
END
equal "first byte of the disk" "$(head -c 1 "$disk")" N
equal "held writes that were executed" "$(scripted_fact late-writes)" 0
