#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# NBD's cache request is served; it changes nothing.  One that the target
# refuses (tgtd, on a write-protected LUN) is no error either.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh

set -x
random_data $((4 * 1024 * 1024)) "$tmp/1"
cp "$tmp/1" "$tmp/2"
start_tgtd
add_target
add_lun 1 "$tmp/1"
add_lun 2 "$tmp/2"
set_lun 2 readonly=1
for lun in 1 2; do
  start_nbdkit iscsi "iscsi://$portal/$iqn/$lun"
  run_nbdsh -u "$uri" -c 'assert h.can_cache()' \
            -c 'h.cache(65536, 0)' -c 'h.cache(1000, 1001)' \
            -c 'h.cache(4 << 20, 0)' -c 'h.pread(512, 0)'
done
cmp "$tmp/1" "$tmp/2"
