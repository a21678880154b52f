#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN of one block has the size of one block, whatever the block length, and
# its only block can be written and read.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires qemu-io --version

set -x
start_tgtd
add_target
for bs in 512 2048 4096; do
  truncate -s $bs "$tmp/$bs"
  add_lun $bs "$tmp/$bs" --blocksize $bs
  start_nbdkit iscsi "iscsi://$portal/$iqn/$bs"
  equal size "$(nbdinfo --size "$uri")" $bs
  qemu-io -f raw -c "write -P 85 0 $bs" -c flush -c "read -P 85 0 $bs" "$uri"
  stop_nbdkit
  head -c $bs /dev/zero | tr '\0' U | cmp - "$tmp/$bs"
done
