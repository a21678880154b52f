#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A write-protected LUN is served read-only.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh

set -x
disk_of 1M
set_lun 1 readonly=1
random_data $((1024 * 1024)) "$disk"
cp "$disk" "$tmp/before"
start_nbdkit iscsi "$url"
nbdinfo --is readonly "$uri"
run_nbdsh -u "$uri" -c - <<EOF
h.set_strict_mode(0)
try:
    h.pwrite(b"x" * 512, 0)
    raise AssertionError("a write succeeded")
except nbd.Error as e:
    assert e.errnum == errno.EPERM, e
assert h.pread(1 << 20, 0) == open("$tmp/before", "rb").read()
EOF
cmp "$disk" "$tmp/before"
