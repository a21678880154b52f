#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The same as test-api-parallel.sh, on a LUN that is said to be thin but has
# neither UNMAP nor WRITE SAME.

. "${0%/*}/functions.sh"
requires_tgtd
requires test -x ./test-api
requires_aio_store

set -x
disk_of 8M --bstype aio
set_lun 1 thin_provisioning=1
start_nbdkit iscsi "$url"
./test-api "$uri" "$tmp/image"
stop_nbdkit
cmp "$tmp/image" "$disk"
