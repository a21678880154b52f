#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# What is written is in the backing file, for every block length.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdcopy --version

set -x
start_tgtd
add_target
for bs in 512 2048 4096; do
  random_data $((5 * 1024 * 1024)) "$tmp/data"
  truncate -s 5M "$tmp/$bs"
  add_lun $bs "$tmp/$bs" --blocksize $bs
  start_nbdkit iscsi "iscsi://$portal/$iqn/$bs"
  nbdcopy --flush "$tmp/data" "$uri"
  stop_nbdkit
  cmp "$tmp/data" "$tmp/$bs"
done
