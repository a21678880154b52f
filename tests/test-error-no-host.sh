#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A host that does not exist: one sentence that names it.

. "${0%/*}/functions.sh"
requires_plugin

set -x
refused iscsi iscsi://name.invalid/iqn.2001-04.com.example:disk/1
shows 'name\.invalid: .*host' "$tmp/refused.log"
