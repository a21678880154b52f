#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that says GOOD to a read, and leaves out Data-In PDUs in the middle:
# an error, and nothing of what was in the buffer before.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

for size in 16384 65536 262144; do
  start_scripted --set data-in=$size
  # One worker: its buffer holds what was read before.
  start_nbdkit -t 1 iscsi "$url" timeout=2
  run_nbdsh -u "$uri" -c - <<END
from scripted_client import tell

size = 1 << 20
h.pwrite(b"s" * size, 0)
h.pwrite(b"d" * size, size)
for offset in (size, size + 512, size - 4096):
    assert h.pread(size, 0) == b"s" * size
    tell("set holes=1")
    try:
        h.pread(size, offset)
    except nbd.Error as e:
        assert e.errnum == errno.EIO, e
    else:
        raise AssertionError("a read with holes worked")
    tell("set holes=0")
    assert h.pread(size, size) == b"d" * size
END
  stop_nbdkit
done

# One PDU is left out, as small as a block: the first, one in the middle, the
# last.
for size in 512 4096; do
  start_scripted --set data-in=$size
  start_nbdkit -t 1 iscsi "$url" timeout=2
  run_nbdsh -u "$uri" -c - <<END
from scripted_client import fails, tell

size = 65536
h.pwrite(b"s" * size, 0)
h.pwrite(b"d" * size, size)
for at in (0, $size, 8192 + $size, size // 2 - $size, size - $size):
    assert h.pread(size, 0) == b"s" * size
    tell(f"rule read times=0 gap {at}-{at + 1}")
    fails(h.pread, size, size)
    tell("rules clear")
    assert h.pread(size, size) == b"d" * size
END
  stop_nbdkit
done
