#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Mutual CHAP: a target that proves itself with another secret is refused.

. "${0%/*}/functions.sh"
requires_tgtd

set -x
disk_of 1M
add_account bob an-adequate-secret
add_account target the-secret-of-the-target --outgoing
refused iscsi "$url" user=bob password=an-adequate-secret \
        target-user=target target-password=another-secret-of-it
shows 'target-password' "$tmp/refused.log"
shows 'mutual CHAP|did not prove' "$tmp/refused.log"
shows_not another-secret-of-it "$tmp/refused.log"
