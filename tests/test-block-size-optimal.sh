#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The granularity of transfers and their optimal length (VPD page B0) make the
# preferred block size.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh

set -x
start_tgtd
add_target
# Blocks of 512 bytes: granularity, optimal length, preferred size.
lun=1
while read -r granularity optimal preferred; do
  truncate -s 4M "$tmp/$lun"
  add_lun $lun "$tmp/$lun"
  set_lun $lun "lbppbe=0,optimal_xfer_gran=$granularity"
  set_lun $lun "optimal_xfer_len=$optimal"
  start_nbdkit iscsi "iscsi://$portal/$iqn/$lun"
  run_nbdsh -u "$uri" -c - <<EOF
assert h.get_block_size(nbd.SIZE_MINIMUM) == 1
assert h.get_block_size(nbd.SIZE_PREFERRED) == $preferred, \
    h.get_block_size(nbd.SIZE_PREFERRED)
h.pwrite(b"x" * 3000, 777)
assert h.pread(3000, 777) == b"x" * 3000
EOF
  stop_nbdkit
  lun=$((lun + 1))
done <<EOF
0 0 4096
1 0 4096
128 0 65536
128 256 131072
100 300 4096
EOF
