#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Parallel requests of every kind at offsets of every kind, over several
# connections, are checked against a model (test-api.c), for each block length,
# thin and thick.

. "${0%/*}/functions.sh"
requires_tgtd
requires test -x ./test-api

set -x
start_tgtd
add_target
lun=1
for bs in 512 2048 4096; do
  for thin in 0 1; do
    truncate -s 8M "$tmp/$lun"
    add_lun $lun "$tmp/$lun" --blocksize $bs
    set_lun $lun thin_provisioning=$thin
    start_nbdkit iscsi "iscsi://$portal/$iqn/$lun"
    ./test-api "$uri" "$tmp/image"
    stop_nbdkit
    cmp "$tmp/image" "$tmp/$lun"
    lun=$((lun + 1))
  done
done
