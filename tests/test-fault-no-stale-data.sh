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
for n in (1, 4, 16, 17, 511, 512, 4096, size - 1):
    answers += [f"short {n}", f"underflow {n}"]
def missing(answer):
    words = answer.split()
    return int(words[1]) if words[0] in ("short", "underflow") else size

for offset, length in ((size, size), (size + 512, 1024), (size + 7, 1000)):
    for answer in answers:
        if length <= missing(answer) < size:
            continue
        assert h.pread(size, 0) == secret
        tell(f"rule read times=0 {answer}")
        try:
            seen = h.pread(length, offset)
        except nbd.Error as e:
            assert e.errnum == errno.EIO, (answer, e)
            seen = None
        tell("rules clear")
        # libiscsi does not tell how much came.  Fewer bytes than a block,
        # and than the 16 of a cookie, cannot be told from data; but they
        # are never what was read before.
        if missing(answer) < 16:
            assert seen is None or seen.count(0x5e) == 0, answer
        else:
            assert seen is None, \
                f"{answer}: {seen.count(0x5e)} stale bytes of {length} served"
        assert h.pread(length, offset) == bytes([0x11]) * length
h.shutdown()
print(len(answers), "kinds of short reads refused")
END
