#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target's LUNs can be listed.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
start_tgtd
add_target 2
add_target 1
truncate -s 1M "$tmp/1"
truncate -s 3M "$tmp/5"
add_lun 5 "$tmp/5"
add_lun 1 "$tmp/1"
start_nbdkit iscsi "iscsi://$portal/$iqn"
nbdinfo --list "$uri" >"$tmp/list"
cat "$tmp/list"
grep '^export=' "$tmp/list" >"$tmp/names"
diff -u - "$tmp/names" <<EOF
export="1":
export="5":
EOF
shows 'export-size: 3145728' "$tmp/list"
