#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# header-digest=crc32c, and the target has none: it is refused rather than
# served without.

. "${0%/*}/functions.sh"
requires_tgtd

set -x
disk_of 1M
tgt --mode target --op update --tid 1 -n HeaderDigest -v None
refused iscsi "$url" header-digest=crc32c
shows 'digest' "$tmp/refused.log"
