#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A CD is served read-only, with its blocks of 2048 bytes, although it has
# neither READ CAPACITY (16) nor READ (16).

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires nbdcopy --version
requires_nbdsh

set -x
random_data $((3 * 1024 * 1024)) "$tmp/iso"
start_tgtd
add_target
add_lun 1 "$tmp/iso" --device-type cd
start_nbdkit iscsi "iscsi://$portal/$iqn/1"
equal size "$(nbdinfo --size "$uri")" $((3 * 1024 * 1024))
nbdinfo --is readonly "$uri"
nbdcopy "$uri" "$tmp/copy"
cmp "$tmp/iso" "$tmp/copy"
run_nbdsh -u "$uri" -c - <<EOF
data = open("$tmp/iso", "rb").read()
assert h.pread(3000, 1000) == data[1000:4000]
assert h.pread(1, (3 << 20) - 1) == data[-1:]
h.flush() if h.can_flush() else None
EOF
