#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A wrong CHAP password or user: one sentence that says what to check, and not
# the password.

. "${0%/*}/functions.sh"
requires_tgtd

set -x
disk_of 1M
add_account bob an-adequate-secret
refused iscsi "$url" user=bob password=a-wrong-secret-here
shows 'CHAP.*password=' "$tmp/refused.log"
shows_not a-wrong-secret-here "$tmp/refused.log"
refused iscsi "$url" user=eve password=an-adequate-secret
shows 'CHAP.*user=' "$tmp/refused.log"
shows_not an-adequate-secret "$tmp/refused.log"
