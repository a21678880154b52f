#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# LUNs are found at both ends of the two forms of addressing, below 256 and
# from there to 16383.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
start_tgtd
add_target
size=1
for lun in 1 2 255 256 257 16383; do
  truncate -s ${size}M "$tmp/$lun"
  add_lun $lun "$tmp/$lun"
  size=$((size + 1))
done
size=1
for lun in 1 2 255 256 257 16383; do
  start_nbdkit iscsi "iscsi://$portal/$iqn/$lun"
  equal size "$(nbdinfo --size "$uri")" $((size * 1024 * 1024))
  stop_nbdkit
  size=$((size + 1))
done
refused iscsi "iscsi://$portal/$iqn/16384"
shows '16383' "$tmp/refused.log"
refused iscsi "iscsi://$portal/$iqn/-1"
refused iscsi "iscsi://$portal/$iqn/1x"
