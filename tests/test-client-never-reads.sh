#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Clients that ask for much and never read an answer hold up nobody but
# themselves.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
disk_of 40M
start_nbdkit iscsi "$url"
export sock PYTHONPATH=$tests_dir
run_python - <<'EOF'
from hostile_client import *

# nbdkit has 16 threads for each: all of them will be stuck.
stuck = []
for _ in range(8):
    s = opened()
    s.sendall(b"".join(request(READ, i, 0, 1 << 20) for i in range(40)))
    stuck.append(s)

loyal = opened()
for i in range(1000):
    loyal.sendall(request(READ, i, 512 * i, 4096))
    assert read_reply(loyal, 4096) == (0, i)
for i in range(20):
    loyal.sendall(request(WRITE, i, 1 << 20, 1 << 20, bytes(1 << 20)))
    assert read_reply(loyal) == (0, i)

# They may still have it all.
for s in stuck:
    for i in range(40):
        error, _ = read_reply(s, 1 << 20)
        assert error == 0
EOF
