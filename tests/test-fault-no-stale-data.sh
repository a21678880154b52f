#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A read whose data did not all come is an error.  Whatever was in the buffer
# before never reaches a client.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
# One worker: its buffer holds what was read before.
start_nbdkit -t 1 iscsi "$url" timeout=2
export uri
run_python - <<'END'
import errno
import os
import nbd
from scripted_client import tell

h = nbd.NBD()
h.set_strict_mode(0)
h.connect_uri(os.environ["uri"])
size = 65536
secret = bytes([0x5e]) * size
h.pwrite(secret, 0)
h.pwrite(bytes([0x11]) * size, size)

answers = ["nodata", "response 01", "reject 04"]
for n in (1, 2, 3, 4, 7, 8, 9, 16, 511, 512, 4096, size - 1):
    answers += [f"short {n}", f"underflow {n}"]

def missing(answer):
    words = answer.split()
    return int(words[1]) if words[0] in ("short", "underflow") else size

def read(answer, length, offset):
    """What is served after this answer of the target, or None."""
    assert h.pread(size, 0) == secret
    tell(f"rule read times=0 {answer}")
    try:
        return h.pread(length, offset)
    except nbd.Error as e:
        assert e.errnum == errno.EIO, (answer, e)
        return None
    finally:
        tell("rules clear")

for offset, length in ((size, size), (size + 512, 1024), (size + 7, 1000),
                       (size + 7, 1012), (size + 508, 4), (size + 505, 7),
                       (size + 510, 2), (size + 1, 3), (size + 509, 6)):
    good = bytes([0x11]) * length
    behind = -(offset + length) % 512
    for answer in answers:
        # No more than the target was asked for can be missing.
        if behind + length <= missing(answer) < size:
            continue
        seen = read(answer, length, offset)
        if answer.startswith("underflow") or missing(answer) > 1:
            # The target tells, or the last two bytes are still those of the
            # canary (SUSPICIOUS in session.c).
            assert seen is None, \
                f"{answer}: {seen.count(0x5e)} stale bytes of {length} served"
        elif behind == 0:
            # One byte of the canary cannot be told from data, but it is
            # random, and what was read before only by chance.
            for _ in range(4):
                assert seen is None or seen[:-1] == good[:-1], answer
                if seen is None or seen[-1] != 0x5e:
                    break
                seen = read(answer, length, offset)
            else:
                raise AssertionError(f"{answer}: a stale byte served")
        else:
            assert seen is None or seen == good, answer
        assert h.pread(length, offset) == good
h.shutdown()
print(len(answers), "kinds of short reads refused")
END
