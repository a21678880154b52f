#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A session comes back in another portal group, and the LUN is reset to end
# what it has left.  That ends what the other sessions have under way, too, and
# the target does not say so: it is sent again at once, not after timeout.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set linger=1
start_nbdkit iscsi "$url" sessions=2 timeout=300
run_nbdsh -c - <<END
import time
from scripted_client import await_end, held_write, tell

a, b = nbd.NBD(), nbd.NBD()
a.connect_uri("$uri")
b.connect_uri("$uri")
while "sessions=2" not in tell("status").split():
    time.sleep(0.05)
first = held_write(a, b"A" * 4096, 0)
second = []
tell("rule write hold")
b.aio_pwrite(nbd.Buffer.from_bytearray(bytearray(b"B" * 4096)), 4096,
             completion=lambda e: second.append(e.value) or 1)
while "held=2" not in tell("status").split():
    b.poll(20)
start = time.time()
tell("set portal-group=2")
tell("drop held")
assert await_end(a, first) == 0
assert await_end(b, second) == 0
open("$tmp/ms", "w").write(str(int((time.time() - start) * 1000)))
b.flush()
assert b.pread(8192, 0) == b"A" * 4096 + b"B" * 4096
END
within "sent again" "$(cat "$tmp/ms")" "2 s" 60
[ "$(scripted_fact resets)" -ge 1 ] || fail "the LUN was not reset"
equal "held writes that were executed" "$(scripted_fact late-writes)" 0
