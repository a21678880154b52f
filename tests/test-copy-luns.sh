#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdcopy from a LUN of one target to one of another, through one server.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdcopy --version

set -x
start_tgtd
for tid in 1 2; do
  add_target $tid
  truncate -s 20M "$tmp/$tid"
  add_lun $tid "$tmp/$tid"
done
random_data $((20 << 20)) "$tmp/1"
start_nbdkit iscsi "iscsi://$portal/"
nbdcopy "nbd+unix:///${iqn%?}1/1?socket=$sock" \
        "nbd+unix:///${iqn%?}2/2?socket=$sock"
cmp "$tmp/1" "$tmp/2"
