#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN that says it can be trimmed, but refuses every command for it: trim is
# a hint, so the client sees no error, and the data stay.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
# tgtd's aio store knows neither UNMAP nor WRITE SAME.
requires_aio_store
disk_of 4M --bstype aio
set_lun 1 thin_provisioning=1
random_data $((4 * 1024 * 1024)) "$disk"
cp "$disk" "$tmp/before"
start_nbdkit iscsi "$url"
run_nbdsh -u "$uri" -c 'h.trim(1 << 20, 1 << 20)' \
          -c 'h.trim(1 << 20, 2 << 20, nbd.CMD_FLAG_FUA)' \
          -c 'h.flush()'
cmp "$disk" "$tmp/before"
