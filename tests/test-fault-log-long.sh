#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A loss soon after one that was logged is not logged, but when it lasts.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 16M
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1"
start_load --seconds 3600 --slots 64 "$uri"
proxy reset
wait_until grep -q 'session back' "$nbdkit_log"
proxy refuse
proxy reset
wait_until grep -Eq 'session lost [0-9.]+ s ago: .*: logging in again' \
           "$nbdkit_log"
proxy accept
until [ "$(grep -c 'session back' "$nbdkit_log")" = 2 ]; do sleep 0.1; done
end_load
said 1 'session lost: '
said 1 'session lost [0-9.]+ s ago'
said 2 'session back'
