#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that wants CHAP, and no user is given: one sentence that says how to
# give one.

. "${0%/*}/functions.sh"
requires_tgtd

set -x
disk_of 1M
add_account bob an-adequate-secret
refused iscsi "$url"
shows 'CHAP.*user=.*password=' "$tmp/refused.log"
