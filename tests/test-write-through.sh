#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN that writes through (WCE is 0) and one whose store is synchronous take
# writes, flushes and FUA.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
start_tgtd
add_target
truncate -s 1M "$tmp/1" "$tmp/2"
add_lun 1 "$tmp/1"
# The caching page, with WCE 0.
page=8:0:18:0x10:0:0xff:0xff:0:0:0xff:0xff:0xff:0xff:0x80:0x14:0:0:0:0:0:0
set_lun 1 mode_page=$page
add_lun 2 "$tmp/2" --bsoflags sync
for lun in 1 2; do
  start_nbdkit iscsi "iscsi://$portal/$iqn/$lun"
  run_nbdsh -u "$uri" -c 'h.pwrite(b"x" * 4096, 0, nbd.CMD_FLAG_FUA)' \
            -c 'h.flush()' -c 'h.pwrite(b"y" * 4096, 4096)' -c 'h.flush()'
  equal "the first byte" "$(head -c 1 "$tmp/$lun")" x
  equal "the byte at 4096" "$(tail -c +4097 "$tmp/$lun" | head -c 1)" y
done
