#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The map of a thin LUN is right where an extent has 2^32 blocks or more.
# tgtd says 0 for exactly 2^32: what is not told must be data, not a hole.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires truncate -s 5T "$tmp/large"

set -x
start_tgtd
add_target
write_at ()
{
  random_data 4096 "$tmp/data"
  dd if="$tmp/data" of="$1" bs=4096 oflag=seek_bytes seek="$2" \
     conv=notrunc status=none
}
truncate -s 5T "$tmp/1" "$tmp/2"
# A hole of exactly 2^32 blocks, then of 2^32 + 8.
write_at "$tmp/1" $((1 << 41))
write_at "$tmp/2" $(((1 << 41) + 4096))
for lun in 1 2; do
  add_lun $lun "$tmp/$lun"
  set_lun $lun thin_provisioning=1
  start_nbdkit iscsi "iscsi://$portal/$iqn/$lun"
  nbdinfo --map "$uri" >"$tmp/map"
  cat "$tmp/map"
  # Whatever is said of the holes: no gap, nothing beyond the end, and the
  # data are data.
  awk -v data=$(((1 << 41) + (lun - 1) * 4096)) '
    $1 != end { exit 1 }
    { end = $1 + $2 }
    $1 <= data && data < end && $3 != 0 { exit 1 }
    END { if (end != 5 * 2 ^ 40) exit 1 }' "$tmp/map"
  stop_nbdkit
done
