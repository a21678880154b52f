#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The target holds a write, and the session comes back at a portal that leads to
# another LUN of that number: that one is not reset, and no newer write is made
# before a login in the first portal group has ended the old one.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set portal-group=2 \
               --set serial=0002 --set naa=60014050000000000000000000000002
other=$scripted
other_portal=$portal
start_scripted --set linger=1
start_proxy
of_other () { scripted=$other; scripted_fact "$1"; }

# check_disk BYTE: what was written last is there.
check_disk ()
{
  equal "first byte of the disk" "$(head -c 1 "$disk")" "$1"
  equal "held writes that were executed" "$(scripted_fact late-writes)" 0
  equal "resets of the other LUN" "$(of_other resets)" 0
}

# The first portal goes away.
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" "portal=$other_portal"
run_nbdsh -u "$uri" -c - <<'END' &
from scripted_client import await_end, held_write, tell

assert await_end(h, held_write(h, b"O" * 4096, 0)) == 0
h.pwrite(b"N" * 4096, 0)
h.flush()
print(tell("release"))
assert h.pread(4096, 0) == b"N" * 4096
END
client=$!
wait_until scripted_has held -eq 1
proxy refuse
proxy reset
decided ()
{
  [ "$(of_other resets)" -gt 0 ] ||
    grep -q 'was not reset: another one is at this portal' "$nbdkit_log"
}
wait_until decided
equal "resets of the other LUN" "$(of_other resets)" 0
proxy accept
wait $client
check_disk N
stop_nbdkit

# The write is past its time, and another session is still at the first portal.
start_nbdkit iscsi "$url" "portal=$other_portal" sessions=2 timeout=2
run_nbdsh -c - <<END
import time
from scripted_client import await_end, held_write, tell

a, b = nbd.NBD(), nbd.NBD()
for h in a, b:
    h.connect_uri("$uri")
while "sessions=2" not in tell("status").split():
    for h in a, b:
        h.pread(512, 0)
    time.sleep(0.02)
assert await_end(a, held_write(a, b"P" * 4096, 0)) == 0
b.pwrite(b"M" * 4096, 0)
b.flush()
print(tell("release"))
assert b.pread(4096, 0) == b"M" * 4096
END
check_disk M
