#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The connection is reset again and again: no error, short stalls.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 128M
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1"
start_load --connections 2 --seconds 3600 --backing "$disk" --read-back "$uri"
proxy reset every 700
wait_until proxied killed -ge 16
proxy reset every 0
end_load
within "longest stall" "$(loaded stall)" "0.5 s" 15
within "slowest request" "$(loaded max)" "0.5 s" 30
