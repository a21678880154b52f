#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The connection freezes; the portal is fine.  The keep-alive notices, with
# its defaults, and nothing is lost.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 128M
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1"
start_load --seconds 14 --backing "$disk" --read-back "$uri"
proxy freeze
finish_load
[ "$(loaded stall)" -ge 1000 ] || fail "nothing was frozen"
within "longest stall" "$(loaded stall)" "11 s" 60
