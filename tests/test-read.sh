#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# What is read is what the backing file has, for every block length.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdcopy --version

set -x
random_data $((5 * 1024 * 1024)) "$tmp/disk"
start_tgtd
add_target
for bs in 512 2048 4096; do
  add_lun $bs "$tmp/disk" --blocksize $bs
  start_nbdkit iscsi "iscsi://$portal/$iqn/$bs"
  nbdcopy "$uri" "$tmp/copy"
  stop_nbdkit
  cmp "$tmp/disk" "$tmp/copy"
  rm "$tmp/copy"
done
