#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Sizes round the border where READ CAPACITY (10) has no more room, 2^32 blocks
# of 512 bytes, are exact, and the last block is where it should be.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh
requires truncate -s 5T "$tmp/large"

set -x
start_tgtd
add_target
lun=1
for last in 0xfffffffd 0xfffffffe 0xffffffff 0x100000000 0x100000001; do
  file=$tmp/$lun
  truncate -s $(((last + 1) * 512)) "$file"
  add_lun $lun "$file"
  start_nbdkit iscsi "iscsi://$portal/$iqn/$lun"
  check_ends $((last * 512 + 512)) 512 "$file"
  stop_nbdkit
  lun=$((lun + 1))
done
