#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Requests of any offset and any length, up to 2^64-1 and 2^32-1: what lies
# inside the disk is done, anything else is an error of that request alone,
# and nothing is changed.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
disk_of 8M
cp "$disk" "$tmp/before"
start_nbdkit iscsi "$url"
export sock PYTHONPATH=$tests_dir
run_python - <<'EOF'
import os
from hostile_client import *

SIZE = 8 << 20
MOST = 64 << 20                 # what nbdkit takes at most

edges = [0, SIZE, MOST, 1 << 31, 1 << 32, 1 << 41, 1 << 63, 1 << 64]
offsets = sorted({e + d for e in edges for d in (-512, -1, 0, 1, 511)
                  if 0 <= e + d < 1 << 64})
lengths = sorted({e + d for e in edges for d in (-512, -1, 0, 1)
                  if 0 <= e + d < 1 << 32})

s = opened()
tried = done = 0


def ask(command, offset, length, data=b""):
    """Returns whether it was done."""
    global tried, done
    tried += 1
    s.sendall(request(command, tried, offset, length, data))
    error, handle = read_reply(s, length if command == READ else 0)
    assert handle == tried
    done += error == 0
    return error == 0


for offset in offsets:
    for length in lengths:
        where = (offset, length)
        inside = 0 < length and offset + length <= SIZE
        assert ask(READ, *where) == inside, where
        assert ask(CACHE, *where) == inside, where
        if inside:
            continue
        assert not ask(TRIM, *where), where
        assert not ask(ZEROES, *where), where
        assert not ask(STATUS, *where), where
        # nbdkit skips the data, which look like requests.
        if length < 1 << 20 or (offset == 0 and length <= MOST + 1):
            data = request(TRIM, 0, 0, 512) * (length // 28 + 1)
            assert not ask(WRITE, *where, data[:length]), where
for command in (FLUSH, 8, 99, 65535):
    assert ask(command, 0, 0) == (command == FLUSH), command
print(tried, "requests,", done, "done")
assert done > 20

# What is too long to be skipped ends this connection, and no other.
victim = opened()
victim.sendall(request(WRITE, 1, 0, 0xffffffff))
try:
    while True:
        read_reply(victim)
except (EOFError, ConnectionError):
    pass
assert ask(READ, 0, 512)
EOF
stop_nbdkit
cmp "$disk" "$tmp/before"
