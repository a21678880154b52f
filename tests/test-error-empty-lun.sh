#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN without a single block is refused, with a sentence about its size.

. "${0%/*}/functions.sh"
requires_tgtd

set -x
start_tgtd
add_target
truncate -s 100 "$tmp/1"
add_lun 1 "$tmp/1"
refused iscsi "iscsi://$portal/$iqn/1"
shows 'LUN 1 .*(block|capacity|size)' "$tmp/refused.log"
