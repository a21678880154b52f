#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A write fails at recovery-timeout while the target holds it.  Its connection
# is served by another session then, but for writes: a newer one could be
# overtaken by the one that failed, until the login that ends it.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set linger=1
start_nbdkit iscsi "$url" sessions=2 recovery-timeout=2
run_nbdsh -c - <<END
from scripted_client import await_end, await_sessions, fails, held_write, insist, tell

a = nbd.NBD()
a.connect_uri("$uri")
b = nbd.NBD()
b.connect_uri("$uri")
await_sessions(2)
ended = held_write(a, b"O" * 4096, 0)
tell("rule login times=0 swallow")
tell("drop held")
assert await_end(a, ended) == errno.EIO

assert a.pread(4096, 0) == bytes(4096)
fails(a.pwrite, b"N" * 4096, 0)

tell("rules clear")
insist(a.pwrite, b"N" * 4096, 0)
a.flush()
print(tell("release"))
assert b.pread(4096, 0) == b"N" * 4096
END
equal "first byte of the disk" "$(head -c 1 "$disk")" N
equal "held writes that were executed" "$(scripted_fact late-writes)" 0
