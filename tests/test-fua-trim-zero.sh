#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Trim and zero with FUA are followed by a flush, as SCSI has no FUA for them.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh
requires_strace

set -x
disk_of 4M
set_lun 1 thin_provisioning=1
random_data $((4 * 1024 * 1024)) "$disk"
start_nbdkit iscsi "$url"
trace_tgtd
run_nbdsh -u "$uri" -c 'h.trim(65536, 0)' -c 'h.zero(65536, 65536)'
shows_not sync "$tmp/strace.out"
run_nbdsh -u "$uri" -c 'h.trim(65536, 1 << 20, nbd.CMD_FLAG_FUA)'
shows 'f(data)?sync.*= 0' "$tmp/strace.out"
before=$(grep -Ec 'f(data)?sync' "$tmp/strace.out")
run_nbdsh -u "$uri" -c 'h.zero(65536, 2 << 20, nbd.CMD_FLAG_FUA)'
[ "$(grep -Ec 'f(data)?sync' "$tmp/strace.out")" -gt "$before" ]
