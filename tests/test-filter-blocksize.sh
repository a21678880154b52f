#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The blocksize filter in front of a LUN with blocks of 4096 bytes.

. "${0%/*}/functions.sh"
requires_tgtd
requires_filter blocksize
requires_nbdsh

set -x
random_data $((256 * 1024)) "$tmp/shadow"
disk_of 256K --blocksize 4096
set_lun 1 thin_provisioning=1
cp "$tmp/shadow" "$disk"
start_nbdkit --filter=blocksize iscsi "$url" minblock=4096 maxdata=64K \
             maxlen=128K
run_python "$tests_dir/edges.py" "$uri" "$tmp/shadow" 4096
cmp "$disk" "$tmp/shadow"
