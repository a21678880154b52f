#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# One of several sessions is lost: the others do not stop.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 128M
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" sessions=4
# Each operation waits for its turn in one of 4 connections.  A connection
# whose session is frozen waits for the keep-alive; the rest goes on.
start_load --connections 4 --depth 4 --seconds 14 --slots 1024 \
           --backing "$disk" --read-back "$uri"
wait_until proxied connections -eq 4
victim=$(proxy_fact ids)
proxy freeze "${victim%%,*}"
finish_load
within "longest time in which nothing came back" "$(loaded stall)" "0.5 s" 5
within "slowest request" "$(loaded max)" "11 s" 60
[ "$(loaded max)" -ge 2000 ] || fail "no session was frozen"
