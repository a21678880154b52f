#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Any range of bytes may be asked for, whatever the LUN's blocks are; the physical
# block is preferred at least.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh

set -x
start_tgtd
add_target
for bs in 512 2048 4096; do
  truncate -s 1M "$tmp/$bs"
  add_lun $bs "$tmp/$bs" --blocksize $bs
  start_nbdkit iscsi "iscsi://$portal/$iqn/$bs"
  nbdinfo "$uri"
  # By default tgt says 8 logical blocks to the physical block of 512-byte
  # LUNs.
  run_nbdsh -u "$uri" -c - <<EOF
minimum = h.get_block_size(nbd.SIZE_MINIMUM)
preferred = h.get_block_size(nbd.SIZE_PREFERRED)
maximum = h.get_block_size(nbd.SIZE_MAXIMUM)
assert minimum == 1, minimum
assert preferred >= max($bs, 4096), preferred
assert maximum % minimum == 0 and maximum >= preferred, maximum
EOF
  stop_nbdkit
done
