#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The cache filter: what is written is read at once and is in the LUN after a
# flush.

. "${0%/*}/functions.sh"
requires_tgtd
requires_filter cache
requires_nbdsh

set -x
disk_of 4M
random_data $((4 * 1024 * 1024)) "$disk"
cp "$disk" "$tmp/before"
start_nbdkit --filter=cache iscsi "$url" cache=writeback
run_nbdsh -u "$uri" -c - <<EOF
before = open("$tmp/before", "rb").read()
assert h.pread(1 << 20, 512) == before[512:(1 << 20) + 512]
h.pwrite(b"x" * 100000, 1000)
assert h.pread(100000, 1000) == b"x" * 100000
h.flush()
EOF
equal "the byte at 1000" "$(tail -c +1001 "$disk" | head -c 1)" x
cmp --ignore-initial=$((1 << 20)) "$disk" "$tmp/before"
