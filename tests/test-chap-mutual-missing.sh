#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Mutual CHAP: a target that wants no CHAP, or has nothing to prove itself
# with, is refused.

. "${0%/*}/functions.sh"
requires_tgtd

set -x
disk_of 1M
mutual=(user=bob password=an-adequate-secret
        target-user=target target-password=the-secret-of-the-target)
refused iscsi "$url" "${mutual[@]}"
shows 'mutual CHAP|did not prove' "$tmp/refused.log"
add_account bob an-adequate-secret
refused iscsi "$url" "${mutual[@]}"
shows 'mutual CHAP|did not prove' "$tmp/refused.log"
