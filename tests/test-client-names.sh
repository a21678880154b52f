#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Export names of any bytes, up to the 4096 of the NBD protocol and beyond:
# each is refused, or is a LUN, and the server goes on.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
disk_of 1M
start_nbdkit iscsi "${url%/*}"
export sock PYTHONPATH=$tests_dir
run_python - <<'EOF'
import random
from hostile_client import *

random.seed(1)
names = [b"1", b"01", b"+1", b"-1", b" 1", b"1 ", b"1\n", b"0x1", b"1/1",
         b"16383", b"16384", b"4294967297", b"18446744073709551617",
         b"/", b"//", b"../1", b"%s%n%d", b"%31", b"\xff\xfe", b"\0",
         b"1\0", b"\xc2\x85", b"\x1b[2J", b"1" * 4096, b"0" * 4095 + b"1",
         b"\xff" * 4096, b"%s" * 2048, b"/" * 4096, b"a" * 4097,
         b"a" * 65536]
names += [bytes(random.randrange(256) for _ in range(random.randrange(4097)))
          for _ in range(100)]

served = []
for name in names:
    s = connect()
    try:
        kind = handshake(s, name)
    except (EOFError, ConnectionError):
        assert len(name) > 4096, name
        continue
    assert kind == 1 or kind & 0x80000000, (name, kind)
    if kind == 1:
        served.append(name)
    s.close()

# nbdkit cuts a name at a NUL; an empty one is the first LUN.
print(len(names), "names,", len(served), "served")
assert b"1" in served, served
for name in served:
    assert name.split(b"\0")[0].lstrip(b"0") in (b"1", b""), name
opened(b"1")
EOF
