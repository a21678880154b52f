#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The cow filter: writes stay in the overlay, and the LUN is not touched.

. "${0%/*}/functions.sh"
requires_tgtd
requires_filter cow
requires_nbdsh

set -x
disk_of 1M
random_data $((1024 * 1024)) "$disk"
cp "$disk" "$tmp/before"
start_nbdkit --filter=cow iscsi "$url"
run_nbdsh -u "$uri" -c - <<EOF
before = open("$tmp/before", "rb").read()
assert h.pread(1 << 20, 0) == before
h.pwrite(b"x" * 1000, 100)
h.flush()
assert h.pread(2000, 0) == before[:100] + b"x" * 1000 + before[1100:2000]
EOF
cmp "$disk" "$tmp/before"
