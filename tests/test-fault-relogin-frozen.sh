#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The connection is reset, and the first attempt to log in again meets
# silence: the next attempt does not wait for it for ever.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 128M
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" sessions=1
start_load --seconds 9 --backing "$disk" --read-back "$uri"
proxy blackhole 1
proxy reset
finish_load
[ "$(loaded stall)" -ge 500 ] || fail "the silence was not noticed"
within "longest stall" "$(loaded stall)" "6 s" 30
