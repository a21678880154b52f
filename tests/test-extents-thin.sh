#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The map of a thin LUN is that of its backing file, also from the middle of a
# hole and of a block, and follows what is written and trimmed.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh

set -x
disk_of 64M
set_lun 1 thin_provisioning=1
write_at ()
{
  random_data "$2" "$tmp/data"
  dd if="$tmp/data" of="$disk" bs=64K oflag=seek_bytes seek="$1" \
     conv=notrunc status=none
}
write_at $((1 << 20)) $((1 << 20))
write_at $((32 << 20)) 65536
write_at $(((64 << 20) - 4096)) 4096

start_nbdkit iscsi "$url"
nbdinfo --map "$uri" | awk '{ print $1, $2, $3 }' >"$tmp/map"
diff -u - "$tmp/map" <<EOF
0 1048576 3
1048576 1048576 0
2097152 31457280 3
33554432 65536 0
33619968 33484800 3
67104768 4096 0
EOF

run_nbdsh --base-allocation -u "$uri" -c - <<EOF
def extents(count, offset):
    seen = []
    h.block_status(count, offset,
                   lambda context, at, entries, err: seen.append(entries))
    return seen[0]

assert extents(3 << 20, 512 << 10)[:4] == [512 << 10, 3, 1 << 20, 0]
assert extents(1, (1 << 20) + 1)[:2] == [1, 0]
first = extents(4096, (1 << 20) - 100)
assert first[:2] == [100, 3], first
h.pwrite(b"x" * 4096, 8 << 20)
assert extents(1 << 20, 8 << 20)[:3] == [4096, 0, (1 << 20) - 4096]
h.trim(1 << 20, 1 << 20)
assert extents(4 << 20, 0)[:2] == [4 << 20, 3]
EOF
