#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that the portal does not have: one sentence that names it.

. "${0%/*}/functions.sh"
requires_tgtd

set -x
disk_of 1M
refused iscsi "iscsi://$portal/iqn.2001-04.com.example:other/1"
shows 'no target iqn\.2001-04\.com\.example:other' "$tmp/refused.log"
