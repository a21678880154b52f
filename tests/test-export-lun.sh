#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A URL with a target but no LUN: the name of the export is the LUN.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
start_tgtd
add_target
truncate -s 1M "$tmp/1"
truncate -s 2M "$tmp/300"
add_lun 1 "$tmp/1"
add_lun 300 "$tmp/300"
for end in "" /; do
  start_nbdkit iscsi "iscsi://$portal/$iqn$end"
  equal "size of 1" \
        "$(nbdinfo --size "nbd+unix:///1?socket=$sock")" $((1 << 20))
  equal "size of 300" \
        "$(nbdinfo --size "nbd+unix:///300?socket=$sock")" $((2 << 20))
  if nbdinfo --size "$uri"; then fail "there is a default"; fi
  for name in 2 0 x 16384 "$iqn/1"; do
    if nbdinfo --size "nbd+unix:///$name?socket=$sock"; then
      fail "there is no export $name"
    fi
  done
  shows 'must be the number of a LUN, from 0 to 16383' "$nbdkit_log"
  shows 'no LUN 2 in this target, which has LUN 0, 1, 300:' "$nbdkit_log"
  # It goes on.
  equal "size of 1" \
        "$(nbdinfo --size "nbd+unix:///1?socket=$sock")" $((1 << 20))
  stop_nbdkit
done
