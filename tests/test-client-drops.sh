#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Clients that leave at any byte of the handshake or of a request, in any way,
# thousands of them: who stays is served, and nothing of them stays.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

count=2000
if [ "${UNDER_VALGRIND:-}" = 1 ] || [ "${SANITIZER:-none}" != none ]; then
  count=300
fi

fds_and_threads ()
{
  echo "$(find "/proc/$nbdkit_pid/fd" -mindepth 1 | wc -l)" \
       "$(find "/proc/$nbdkit_pid/task" -mindepth 1 -maxdepth 1 | wc -l)"
}

as_before ()
{
  [ "$(fds_and_threads)" = "$before" ]
}

drop_some ()
{
  run_python - "$1" <<'EOF'
import random
import socket
import sys
import threading
from hostile_client import *

# One request at a time: nbdkit before 1.33.10 asserts when a client leaves
# two behind.
requests = [request(READ, 1, 0, 65536), request(WRITE, 1, 4096, 512, bytes(512)),
            request(ZEROES, 1, 1024, 512), request(FLUSH, 1, 0, 0),
            request(TRIM, 1, 1024, 512), request(CACHE, 1, 0, 4096)]
hello = struct.pack(">I", FIXED_NEWSTYLE | NO_ZEROES) + go()
failures = []


def leave(s, how):
    if how == 0:                # a reset
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     struct.pack("ii", 1, 0))
    elif how == 1:              # half of it, and then the rest
        s.shutdown(socket.SHUT_WR)
        while s.recv(1 << 17):
            pass
    s.close()


def drop(rng):
    if rng.random() < 0.5:
        s, data = connect(), hello
    else:
        s, data = opened(), rng.choice(requests)
    s.sendall(data[:rng.randrange(len(data) + 1)])
    try:
        leave(s, rng.randrange(3))
    except ConnectionError:
        pass


def drop_many(seed, count):
    rng = random.Random(seed)
    try:
        for _ in range(count):
            drop(rng)
    except Exception as e:
        failures.append(repr(e))


threads = [threading.Thread(target=drop_many, args=(i, int(sys.argv[1]) // 4))
           for i in range(4)]
for t in threads:
    t.start()
loyal, reads = opened(), 0
while any(t.is_alive() for t in threads):
    loyal.sendall(request(READ, reads, 512 * (reads % 1024), 512))
    assert read_reply(loyal, 512) == (0, reads)
    reads += 1
assert not failures, failures
print("the one that stayed made", reads, "reads")
EOF
}

set -x
disk_of 1M
start_nbdkit iscsi "$url"
export sock PYTHONPATH=$tests_dir
drop_some $((count / 4))        # threads, stacks, arenas
wait_until_closed "$sock"
before=$(fds_and_threads)
rss=$(server_rss)
drop_some $count
wait_until as_before
after=$(server_rss)
if [ "${UNDER_VALGRIND:-}" != 1 ] && [ "${SANITIZER:-none}" = none ]; then
  [ $((after - rss)) -lt 8192 ] || fail "it has grown from $rss to $after KiB"
fi
