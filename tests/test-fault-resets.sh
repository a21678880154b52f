#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The connection is reset again and again: no error, short stalls.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 128M
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1"
start_load --connections 2 --seconds 8 --backing "$disk" --read-back "$uri"
proxy reset every 700
finish_load
proxy reset every 0
killed=$(proxy_fact killed)
echo "connections reset: $killed"
[ "$killed" -ge 8 ] || fail "too few resets"
within "longest stall" "$(loaded stall)" "0.5 s" 15
within "slowest request" "$(loaded max)" "0.5 s" 30
