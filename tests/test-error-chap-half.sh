#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A user without a password, a password without a user, a target user without
# the rest: one sentence each, before anything is connected to.

. "${0%/*}/functions.sh"
requires_plugin

set -x
url=iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk/1
secret=an-adequate-secret
refused iscsi "$url" user=bob
shows 'password=' "$tmp/refused.log"
refused iscsi "$url" password=$secret
shows 'user=' "$tmp/refused.log"
refused iscsi "$url" target-user=target target-password=$secret
shows 'user=' "$tmp/refused.log"
refused iscsi "$url" user=bob password=$secret target-user=target
shows 'target-password=' "$tmp/refused.log"
refused iscsi "$url" user=bob password=$secret target-password=$secret
shows 'target-user=' "$tmp/refused.log"
refused iscsi "$url?target_user=target"
shows 'target' "$tmp/refused.log"
refused iscsi "iscsi://bob@${url#iscsi://}"
shows 'password' "$tmp/refused.log"
refused iscsi "$url" user= password=$secret
shows 'user' "$tmp/refused.log"
refused iscsi "$url" user=bob password=
shows 'password' "$tmp/refused.log"
shows_not $secret "$tmp/refused.log"
