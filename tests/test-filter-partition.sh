#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The partition filter: one partition of a LUN as an export.

. "${0%/*}/functions.sh"
requires_tgtd
requires_filter partition
requires command -v sfdisk
requires nbdinfo --version
requires_nbdsh

set -x
truncate -s 16M "$tmp/disk"
sfdisk "$tmp/disk" <<EOF
label: gpt
start=2048, size=8192
start=10240, size=4096
EOF
random_data $((2 * 1024 * 1024)) "$tmp/data"
dd if="$tmp/data" of="$tmp/disk" bs=512 seek=10240 conv=notrunc status=none
start_tgtd
add_target
add_lun 1 "$tmp/disk"
start_nbdkit --filter=partition iscsi "iscsi://$portal/$iqn/1" partition=2
equal size "$(nbdinfo --size "$uri")" $((4096 * 512))
run_nbdsh -u "$uri" -c - <<EOF
data = open("$tmp/data", "rb").read()
assert h.pread(len(data), 0) == data
h.pwrite(b"z" * 512, 0)
h.flush()
EOF
equal "the first byte of the partition" \
      "$(tail -c +$((10240 * 512 + 1)) "$tmp/disk" | head -c 1)" z
