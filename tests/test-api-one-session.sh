#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The same as test-api-parallel.sh, with the connections on one iSCSI session.

. "${0%/*}/functions.sh"
requires_tgtd
requires test -x ./test-api

set -x
disk_of 8M --blocksize 4096
set_lun 1 thin_provisioning=1
start_nbdkit iscsi "$url" sessions=1
./test-api "$uri" "$tmp/image"
stop_nbdkit
cmp "$tmp/image" "$disk"
