#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Nobody answers the SYN: a clear error, soon enough.  A listener whose
# backlog is full drops every further SYN.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_nbdsh

"$PYTHON" - >"$tmp/port" <<'END' &
import socket
import time

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
# One more than the backlog is accepted by the kernel.
clients = []
for _ in range(4):
    c = socket.socket()
    c.setblocking(False)
    c.connect_ex(listener.getsockname())
    clients.append(c)
time.sleep(0.2)
print(listener.getsockname()[1], flush=True)
time.sleep(3600)
END
cleanup_fn end_process $!
wait_until test -s "$tmp/port"

before=$(now)
refused iscsi "iscsi://127.0.0.1:$(cat "$tmp/port")/iqn.x/1"
within "start, no answer to the SYN" $(($(now) - before)) "15 s" 60
before=$(now)
refused iscsi "iscsi://127.0.0.1:$(cat "$tmp/port")/iqn.x/1" login-timeout=2
# Less than the default, 15 s.
within "the same with login-timeout=2" $(($(now) - before)) "2 s" 10
shows 'timed out|no answer|did not answer|silent|within' "$tmp/refused.log"
