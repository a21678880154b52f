#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The largest requests that NBD clients send, 32 MiB for qemu and 64 MiB at
# all, are served, aligned or not.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
disk_of 65M
start_nbdkit iscsi "$url"
for offset in 0 1 511 513 4096; do
  for size in $((32 << 20)) $((64 << 20)); do
    random_data $size "$tmp/data"
    run_nbdsh -u "$uri" -c - <<EOF
data = bytearray(open("$tmp/data", "rb").read())
h.pwrite(data, $offset)
assert h.pread($size, $offset) == data
EOF
    cmp --ignore-initial=0:$offset --bytes=$size "$tmp/data" "$disk"
  done
done
