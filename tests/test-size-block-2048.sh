#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Sizes round 2^32 blocks of 2048 bytes are exact, and the last block is where
# it should be.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh
requires truncate -s 9T "$tmp/large"

set -x
start_tgtd
add_target
lun=1
for last in 0xfffffffe 0xffffffff 0x100000000; do
  file=$tmp/$lun
  truncate -s $(((last + 1) * 2048)) "$file"
  add_lun $lun "$file" --blocksize 2048
  start_nbdkit iscsi "iscsi://$portal/$iqn/$lun"
  check_ends $((last * 2048 + 2048)) 2048 "$file"
  stop_nbdkit
  lun=$((lun + 1))
done
