#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Zeroing a thin LUN frees its blocks where the client allows holes, and keeps
# them where it does not; zeroes are read either way.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh

set -x
disk_of 4M
set_lun 1 thin_provisioning=1
random_data $((4 * 1024 * 1024)) "$disk"
cp "$disk" "$tmp/before"
start_nbdkit iscsi "$url"
nbdinfo --can zero "$uri"
nbdinfo --can fast-zero "$uri"

data=$(data_in "$disk")
run_nbdsh -u "$uri" -c 'h.zero(1 << 20, 1 << 20, nbd.CMD_FLAG_NO_HOLE)'
equal "the data that the file has less" $((data - $(data_in "$disk"))) 0
run_nbdsh -u "$uri" -c 'h.zero(1 << 20, 2 << 20)'
equal "the data that the file has less" \
      $((data - $(data_in "$disk"))) $((1 << 20))
run_nbdsh -u "$uri" -c 'h.zero(1 << 19, 3 << 20, nbd.CMD_FLAG_FAST_ZERO)'

cmp --bytes=1M "$disk" "$tmp/before"
head -c 2560K /dev/zero | cmp --bytes=2560K --ignore-initial=0:1M - "$disk"
cmp --ignore-initial=3584K "$disk" "$tmp/before"
