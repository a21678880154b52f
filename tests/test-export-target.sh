#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A URL with a portal alone: the name of the export is target/LUN.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh

set -x
start_tgtd
for tid in 1 2; do
  add_target $tid
  truncate -s ${tid}M "$tmp/$tid"
  add_lun $tid "$tmp/$tid"
done
start_nbdkit iscsi "iscsi://$portal/"
for tid in 1 2; do
  run_nbdsh -c - <<EOF
h.set_export_name("iqn.2001-04.com.example:disk$tid/$tid")
h.connect_unix("$sock")
assert h.get_size() == $tid << 20, h.get_size()
h.pwrite(b"$tid" * 512, 0)
h.flush()
EOF
  equal "the first byte of $tid" "$(head -c 1 "$tmp/$tid")" $tid
done
# Which one, is not for us to guess.
if nbdinfo "$uri"; then fail "there is no default"; fi
shows 'more than one disk or CD here: ask for an export by name' "$nbdkit_log"
for name in "$iqn" "$iqn/9" "$iqn-not/1" "/1" "$iqn/16384"; do
  run_nbdsh -c - <<EOF
h.set_export_name("$name")
try:
    h.connect_unix("$sock")
    raise AssertionError("there is no export $name")
except nbd.Error:
    pass
EOF
done
shows 'the LUN must be a number from 0 to 16383' "$nbdkit_log"
shows "the portal has no target $iqn-not: it has ${iqn%?}1, $iqn" \
      "$nbdkit_log"
shows 'no LUN 9 in this target, which has LUN 0, 2:' "$nbdkit_log"
