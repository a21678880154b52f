#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target whose access list has others: one sentence with the initiator name
# that is to be added there.

. "${0%/*}/functions.sh"
requires_tgtd

set -x
start_tgtd
add_target 1 ""
truncate -s 1M "$tmp/1"
add_lun 1 "$tmp/1"
tgt --mode target --op bind --tid 1 \
    --initiator-name iqn.2001-04.com.example:somebody-else
refused iscsi "iscsi://$portal/$iqn/1" \
        initiator-name=iqn.2001-04.com.example:me
shows 'iqn\.2001-04\.com\.example:me' "$tmp/refused.log"
shows 'access list|allow' "$tmp/refused.log"
