#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target without a disk or a CD has an empty list, which is no error.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
start_tgtd
add_target
for rest in "" "$iqn"; do
  start_nbdkit iscsi "iscsi://$portal/$rest"
  nbdinfo --list --json "$uri" | tr -d ' \n' >"$tmp/list"
  cat "$tmp/list"
  shows '"exports":\[\]' "$tmp/list"
  stop_nbdkit
done
