#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A write that is never answered fails in the end; not before a new session has
# ended its tasks, or the target could still execute it after a newer write
# that another session has carried.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set linger=1
start_nbdkit iscsi "$url" sessions=2 timeout=1
run_nbdsh -c - <<END
from scripted_client import await_end, held_write, tell

a = nbd.NBD()
a.connect_uri("$uri")
b = nbd.NBD()
b.connect_uri("$uri")
ended = held_write(a, b"O" * 4096, 0, times=3)
tell("rule login swallow")
assert await_end(a, ended) == errno.EIO
b.pwrite(b"N" * 4096, 0)
b.flush()
print(tell("release"))
assert b.pread(4096, 0) == b"N" * 4096
END
equal "first byte of the disk" "$(head -c 1 "$disk")" N
equal "held writes that were executed" "$(scripted_fact late-writes)" 0
