#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Mutual CHAP: a target that proves itself as somebody else is refused.

. "${0%/*}/functions.sh"
requires_tgtd

set -x
disk_of 1M
add_account bob an-adequate-secret
add_account target the-secret-of-the-target --outgoing
refused iscsi "$url" user=bob password=an-adequate-secret \
        target-user=another target-password=the-secret-of-the-target
shows 'target-user' "$tmp/refused.log"
