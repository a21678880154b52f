#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# With a LUN in the URL the list has the one export, described.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
set_lun 1 vendor_id=ACME,product_id=Rocket
start_nbdkit iscsi "$url"
nbdinfo --list "$uri" >"$tmp/list"
cat "$tmp/list"
equal "the number of exports" "$(grep -c '^export=' "$tmp/list")" 1
shows 'ACME Rocket, 1 MiB' "$tmp/list"
