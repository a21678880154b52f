#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause

"""Reads, writes, zeroes and trims at every kind of edge of a block.

edges.py URI SHADOW BLOCK-LENGTH: the export has the content of the file
SHADOW to begin with.  Each request is made on both, and whatever lies round
it is read again.
"""

import random
import sys

import nbd


def offsets(size, block):
    """Round the borders of the first, the last and some other blocks."""
    borders = [0, block, 2 * block, 17 * block, size // 2,
               size - 2 * block, size - block, size]
    return sorted({border + near for border in borders
                   for near in (-block // 2, -1, 0, 1, block // 2)
                   if 0 <= border + near < size})


def counts(block):
    """Less than a block to a few blocks, a byte less and a byte more."""
    near = {n * block + delta for n in (0, 1, 2, 3, 8) for delta in (-1, 0, 1)}
    near |= {2, block // 2, block + block // 2}
    return sorted(n for n in near if n > 0)


class Pair:
    """An export and the file that shadows it."""

    def __init__(self, uri, shadow, block):
        self.handle = nbd.NBD()
        # The server is to be asked what libnbd would refuse by itself.
        self.handle.set_strict_mode(0)
        self.handle.connect_uri(uri)
        self.size = self.handle.get_size()
        self.block = block
        self.shadow = shadow
        assert self.size == len(shadow), self.size
        self.random = random.Random(block)

    def seen(self, offset, count, what):
        data = self.handle.pread(count, offset)
        expected = self.shadow[offset:offset + count]
        if data != expected:
            bad = next(i for i in range(count) if data[i] != expected[i])
            raise AssertionError("%s: byte %d is %#x, not %#x" %
                                 (what, offset + bad, data[bad],
                                  expected[bad]))

    def around(self, offset, count, what):
        start = max(offset - 2 * self.block, 0)
        end = min(offset + count + 2 * self.block, self.size)
        self.seen(start, end - start, what)

    def write(self, offset, count):
        data = self.random.randbytes(count)
        flags = self.random.choice((0, nbd.CMD_FLAG_FUA))
        self.handle.pwrite(data, offset, flags)
        self.shadow[offset:offset + count] = data

    def zero(self, offset, count):
        flags = self.random.choice((0, nbd.CMD_FLAG_NO_HOLE,
                                    nbd.CMD_FLAG_FUA))
        self.handle.zero(count, offset, flags)
        self.shadow[offset:offset + count] = bytes(count)

    def trim(self, offset, count):
        """Each whole block of it may be as it was or read as zeroes; the
        blocks that are touched in part must be as they were."""
        self.handle.trim(count, offset)
        data = self.handle.pread(count, offset)
        first = -(-offset // self.block) * self.block
        last = (offset + count) // self.block * self.block
        for block in range(first, last, self.block):
            here = data[block - offset:block - offset + self.block]
            if here == bytes(self.block):
                self.shadow[block:block + self.block] = here


def main(uri, path, block):
    with open(path, "rb") as f:
        pair = Pair(uri, bytearray(f.read()), block)
    requests = [(offset, min(count, pair.size - offset))
                for offset in offsets(pair.size, block)
                for count in counts(block)]
    pair.seen(0, pair.size, "before")
    for offset, count in requests:
        pair.seen(offset, count, "read of %d at %d" % (count, offset))
    for name in "write", "zero", "write", "trim", "write":
        for offset, count in requests:
            getattr(pair, name)(offset, count)
            pair.around(offset, count,
                        "after %s of %d at %d" % (name, count, offset))
    pair.seen(0, pair.size, "in the end")
    pair.handle.flush()
    pair.handle.shutdown()
    with open(path, "wb") as f:
        f.write(pair.shadow)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
