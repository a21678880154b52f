#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The connection works in one direction only.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 128M
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" \
             noop-interval=1 noop-timeout=1
for way in up down; do
  start_load --seconds 5 --backing "$disk" --read-back "$uri"
  proxy stall $way
  finish_load
  [ "$(loaded stall)" -ge 500 ] || fail "nothing was stalled"
  within "longest stall, $way" "$(loaded stall)" "3 s (2 to notice)" 20
done
