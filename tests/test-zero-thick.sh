#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN that is not thin can be zeroed, but has no fast zero.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh

set -x
disk_of 4M
random_data $((4 * 1024 * 1024)) "$disk"
cp "$disk" "$tmp/before"
start_nbdkit iscsi "$url"
nbdinfo --can zero "$uri"
run_nbdsh -u "$uri" -c - <<EOF
h.zero(1 << 20, 1 << 20)
h.zero(1 << 20, 2 << 20, nbd.CMD_FLAG_NO_HOLE | nbd.CMD_FLAG_FUA)
if h.can_fast_zero():
    try:
        h.zero(4096, 0, nbd.CMD_FLAG_FAST_ZERO)
        raise AssertionError("a fast zero of a thick LUN succeeded")
    except nbd.Error as e:
        assert e.errnum == errno.ENOTSUP, e
EOF
cmp --bytes=1M "$disk" "$tmp/before"
head -c 2M /dev/zero | cmp --bytes=2M --ignore-initial=0:1M - "$disk"
cmp --ignore-initial=3M "$disk" "$tmp/before"
