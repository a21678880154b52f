#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# On a LUN with blocks of 2048 bytes requests at every kind of edge do what
# they should, and touch nothing else.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
random_data 262144 "$tmp/disk"
disk_of 256K --blocksize 2048
set_lun 1 thin_provisioning=1
cp "$disk" "$tmp/shadow"
start_nbdkit iscsi "$url"
run_python "$tests_dir/edges.py" "$uri" "$tmp/shadow" 2048
cmp "$disk" "$tmp/shadow"
