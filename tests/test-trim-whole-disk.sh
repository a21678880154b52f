#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The whole of a disk of 8 GiB can be trimmed and zeroed, in requests of the
# largest size that NBD has.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
disk_of 8G
set_lun 1 thin_provisioning=1
random_data 1000000 "$tmp/data"
for at in 0 4294967000 8588934592; do
  dd if="$tmp/data" of="$disk" bs=64K oflag=seek_bytes seek=$at \
     conv=notrunc status=none
done
start_nbdkit iscsi "$url"
run_nbdsh -u "$uri" -c - <<EOF
largest = 0xfffff000
h.zero(largest, 0)
h.trim(largest, largest)
h.zero((8 << 30) - 2 * largest, 2 * largest)
h.flush()
EOF
equal "the data left in the file" "$(data_in "$disk")" 0
equal "the size of the file" "$(stat -c %s "$disk")" $((8 << 30))
