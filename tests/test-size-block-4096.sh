#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The largest LUN with blocks of 4096 bytes that READ CAPACITY (10) can tell,
# 2^32 - 1 blocks, has the exact size, and its last block is where it should
# be.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh
# The largest file that ext4 can have.
size=$((0xffffffff * 4096))
requires truncate -s $size "$tmp/disk"

set -x
start_tgtd
add_target
add_lun 1 "$tmp/disk" --blocksize 4096
start_nbdkit iscsi "iscsi://$portal/$iqn/1"
check_ends $size 4096 "$tmp/disk"
