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
import subprocess

def tell(command):
    return subprocess.run(["$fault_proxy", "--control", "$scripted",
                           "--command", command], check=True,
                          capture_output=True, text=True).stdout

a = nbd.NBD()
a.connect_uri("$uri")
b = nbd.NBD()
b.connect_uri("$uri")
tell("rule write times=3 hold")
ended = []
def over(error):
    ended.append(error.value)
    return 1
a.aio_pwrite(nbd.Buffer.from_bytearray(bytearray(b"O" * 4096)), 0,
             completion=over)
while "held=3" not in tell("status"):
    a.poll(20)
tell("rule login swallow")
while not ended:
    a.poll(20)
assert ended == [errno.EIO], ended
b.pwrite(b"N" * 4096, 0)
b.flush()
print(tell("release"))
assert b.pread(4096, 0) == b"N" * 4096
END
equal "first byte of the disk" "$(head -c 1 "$disk")" N
equal "held writes that were executed" "$(scripted_fact late-writes)" 0
