#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN of 5 TiB has the exact size, and both ends are where they should be.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh
requires truncate -s 5T "$tmp/large"

set -x
disk_of 5T
start_nbdkit iscsi "$url"
check_ends $((5 << 40)) 512 "$disk"
