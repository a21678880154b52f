#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdinfo tells the facts of a thin LUN and of a thick one.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
start_tgtd
add_target
truncate -s 10M "$tmp/1" "$tmp/2"
for lun in 1 2; do
  add_lun $lun "$tmp/$lun"
  set_lun $lun vendor_id=ACME,product_id=Rocket
done
set_lun 2 thin_provisioning=1

start_nbdkit iscsi "iscsi://$portal/$iqn/1"
nbdinfo "$uri" >"$tmp/info"
cat "$tmp/info"
shows 'export-size: 10485760' "$tmp/info"
shows 'description: ACME Rocket, 10 MiB' "$tmp/info"
for fact in can_cache can_fast_zero can_fua can_flush can_multi_conn \
            can_zero; do
  shows "$fact: true" "$tmp/info"
done
for fact in can_trim is_read_only is_rotational; do
  shows "$fact: false" "$tmp/info"
done
shows 'block_size_minimum: 1$' "$tmp/info"
shows 'block_size_preferred: 4096' "$tmp/info"

start_nbdkit iscsi "iscsi://$portal/$iqn/2"
nbdinfo "$uri" >"$tmp/info"
for fact in can_trim can_fast_zero can_zero; do
  shows "$fact: true" "$tmp/info"
done
