#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that unmaps whole granules only, and leaves the parts of others as
# they are: what was zeroed reads as zeroes all the same.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires_nbdsh

set -x
start_scripted --set granularity=8
random_data $((64 * 1024 * 1024)) "$disk"
cp "$disk" "$tmp/before"
start_nbdkit iscsi "$url"
run_nbdsh -u "$uri" -c - <<'EOF'
before = h.pread(1 << 20, 0)
for at, n in ((1536, 4096), (20480, 20480), (100000, 30000), (200192, 512)):
    h.zero(n, at)
    assert h.pread(n, at) == bytes(n), (at, n)
    assert h.pread(512, at - 512) == before[at - 512:at]
    assert h.pread(512, at + n) == before[at + n:at + n + 512]
EOF
