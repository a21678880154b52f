#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# SIGTERM while it is found out which of many portals take connections again:
# none does, and nobody waits for one after the other.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

# As in test-fault-start-syn.sh: they drop every SYN.
"$PYTHON" - >"$tmp/portals" <<'END' &
import socket
import time

sockets = []
for _ in range(16):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    sockets.append(listener)
    for _ in range(4):
        c = socket.socket()
        c.setblocking(False)
        c.connect_ex(listener.getsockname())
        sockets.append(c)
    print(f"portal=127.0.0.1:{listener.getsockname()[1]}")
time.sleep(0.2)
print("end", flush=True)
time.sleep(3600)
END
cleanup_fn end_process $!
wait_until grep -q end "$tmp/portals"
mapfile -t portals < <(grep portal= "$tmp/portals")

# Two sessions at one portal look for a better one after 5 s.
start_scripted
start_nbdkit iscsi "$url" "${portals[@]}" sessions=2
run_nbdsh -c - <<END
import time

a, b = nbd.NBD(), nbd.NBD()
a.connect_uri("$uri")
b.connect_uri("$uri")
start = time.time()
while time.time() < start + 6.5:
    a.pread(512, 0)
    b.pread(512, 0)
    time.sleep(0.05)
END
start=$(now)
stop_nbdkit
within "exit" $(($(now) - start)) "2 s" 8
