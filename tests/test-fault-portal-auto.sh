#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# portal=auto: discovery tells of the other portals of the target.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 128M
first=$portal
add_portal
start_proxy "$first"
# Through the proxy at first; the target tells of its own portals.
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" portal=auto
start_load --seconds 6 --backing "$disk" --read-back "$uri"
proxy refuse
proxy reset
finish_load
within "longest stall" "$(loaded stall)" "2 s" 30
