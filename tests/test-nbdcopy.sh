#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdcopy copies a LUN to a file and back, and from LUN to LUN, sparsely.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdcopy --version
requires_nbdsh

set -x
start_tgtd
add_target
truncate -s 64M "$tmp/1" "$tmp/2" "$tmp/3"
random_data $((9 * 1024 * 1024)) "$tmp/data"
dd if="$tmp/data" of="$tmp/1" bs=1M seek=3 conv=notrunc status=none
dd if="$tmp/data" of="$tmp/1" bs=1M seek=40 conv=notrunc status=none
for lun in 1 2 3; do
  add_lun $lun "$tmp/$lun"
  set_lun $lun thin_provisioning=1
done
start_nbdkit iscsi "iscsi://$portal/$iqn/1"
first=$uri
nbdcopy "$first" "$tmp/copy"
cmp "$tmp/1" "$tmp/copy"

# Onto one that is full of something else.
random_data $((64 * 1024 * 1024)) "$tmp/2"
start_nbdkit iscsi "iscsi://$portal/$iqn/2"
nbdcopy --flush "$tmp/copy" "$uri"
cmp "$tmp/copy" "$tmp/2"
equal "the data in the file" "$(data_in "$tmp/2")" "$(data_in "$tmp/1")"

start_nbdkit iscsi "iscsi://$portal/$iqn/3"
nbdcopy --flush --destination-is-zero "$first" "$uri"
cmp "$tmp/1" "$tmp/3"
equal "the data in the file" "$(data_in "$tmp/3")" "$(data_in "$tmp/1")"

random_data $((64 * 1024 * 1024)) "$tmp/2"
nbdcopy -- "$first" [ nbdkit iscsi "iscsi://$portal/$iqn/2" ]
cmp "$tmp/1" "$tmp/2"
