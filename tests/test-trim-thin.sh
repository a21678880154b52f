#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Trim frees the blocks of a thin LUN, and only those.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh

set -x
disk_of 4M
set_lun 1 thin_provisioning=1
random_data $((4 * 1024 * 1024)) "$disk"
cp "$disk" "$tmp/before"
data=$(data_in "$disk")
start_nbdkit iscsi "$url"
nbdinfo --can trim "$uri"
run_nbdsh -u "$uri" -c 'h.trim(1 << 20, 1 << 20)'
equal "the data that the file has less" \
      $((data - $(data_in "$disk"))) $((1 << 20))
head -c 1M /dev/zero | cmp --bytes=1M --ignore-initial=0:1M - "$disk"
cmp --bytes=1M "$disk" "$tmp/before"
cmp --ignore-initial=2M "$disk" "$tmp/before"
