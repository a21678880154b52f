#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A portal's LUNs can be listed: name, vendor, product and size of each disk
# and CD, and nothing else.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
start_tgtd
for tid in 1 2; do
  add_target $tid
  truncate -s ${tid}M "$tmp/$tid"
  add_lun 1 "$tmp/$tid"
done
truncate -s 4M "$tmp/iso"
add_lun 7 "$tmp/iso" --device-type cd
set_lun 1 vendor_id=ACME,product_id=Rocket
truncate -s 8M "$tmp/300"
add_lun 300 "$tmp/300"

name=iqn.2001-04.com.example:disk
start_nbdkit iscsi "iscsi://$portal/"
nbdinfo --list "$uri" >"$tmp/list"
cat "$tmp/list"
grep '^export=' "$tmp/list" >"$tmp/names"
diff -u - "$tmp/names" <<EOF
export="${name}1/1":
export="${name}2/1":
export="${name}2/7":
export="${name}2/300":
EOF
shows 'ACME Rocket, 2 MiB, id:[a-z0-9]*\.' "$tmp/list"
shows 'description: .*8 MiB' "$tmp/list"
shows 'description: .*4 MiB, read-only, id:' "$tmp/list"
equal "the number of read-only ones" "$(grep -c read-only, "$tmp/list")" 1
