#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN without a medium is refused, with a sentence.

. "${0%/*}/functions.sh"
requires_tgtd

set -x
disk_of 1M
set_lun 1 removable=1,online=0
refused iscsi "$url"
shows 'no medium' "$tmp/refused.log"
