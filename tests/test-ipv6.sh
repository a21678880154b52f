#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A portal with an IPv6 address.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh
requires_ipv6

set -x
start_tgtd '[::1]'
add_target
truncate -s 1M "$tmp/1"
add_lun 1 "$tmp/1"
start_nbdkit iscsi "iscsi://$portal/$iqn/1"
equal size "$(nbdinfo --size "$uri")" 1048576
start_nbdkit iscsi "iscsi://$portal/"
equal size "$(nbdinfo --size "$uri")" 1048576
refused iscsi "iscsi://::1/$iqn/1"
shows '\[' "$tmp/refused.log"
