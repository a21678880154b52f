#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# CHAP with user= and password=.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
add_account bob an-adequate-secret
start_nbdkit iscsi "$url" user=bob password=an-adequate-secret
equal size "$(nbdinfo --size "$uri")" 1048576
