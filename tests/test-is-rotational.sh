#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN is rotational where its VPD page B1 tells a rotation rate.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
start_tgtd
add_target
truncate -s 1M "$tmp/disk" "$tmp/ssd"
add_lun 1 "$tmp/disk"
set_lun 1 rotation_rate=7200
add_lun 2 "$tmp/ssd"
set_lun 2 rotation_rate=1

start_nbdkit iscsi "iscsi://$portal/$iqn/1"
nbdinfo --is rotational "$uri"
start_nbdkit iscsi "iscsi://$portal/$iqn/2"
if nbdinfo --is rotational "$uri"; then
  fail "a solid state disk is not rotational"
fi
