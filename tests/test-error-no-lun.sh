#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN that the target does not have: one sentence that names it.

. "${0%/*}/functions.sh"
requires_tgtd

set -x
disk_of 1M
refused iscsi "iscsi://$portal/$iqn/2"
shows 'no LUN 2 in this target, which has LUN 0, 1:' "$tmp/refused.log"
refused iscsi "iscsi://$portal/$iqn/300"
shows 'no LUN 300' "$tmp/refused.log"
