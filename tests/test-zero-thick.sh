#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN that is not thin can be zeroed.  A fast zero is offered, since a client
# that sends one where it is not ends nbdkit 1.32, and is refused.

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
nbdinfo --can fast-zero "$uri"
run_nbdsh -u "$uri" -c - <<EOF
h.zero(1 << 20, 1 << 20)
h.zero(1 << 20, 2 << 20, nbd.CMD_FLAG_NO_HOLE | nbd.CMD_FLAG_FUA)
for hole in 0, nbd.CMD_FLAG_NO_HOLE:
    try:
        h.zero(4096, 0, nbd.CMD_FLAG_FAST_ZERO | hole)
        raise AssertionError("a fast zero of a thick LUN succeeded")
    except nbd.Error as e:
        assert e.errnum == errno.ENOTSUP, e
EOF
cmp --bytes=1M "$disk" "$tmp/before"
head -c 2M /dev/zero | cmp --bytes=2M --ignore-initial=0:1M - "$disk"
cmp --ignore-initial=3M "$disk" "$tmp/before"
