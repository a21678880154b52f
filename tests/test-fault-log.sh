#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The log: a line when the session is lost, and why; a line when it is back,
# after how long and how many commands had been under way; none per request,
# and no flood when it happens again and again.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 128M
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1"
start_load --seconds 3600 --backing "$disk" "$uri"
proxy reset
wait_until grep -q 'session back after' "$nbdkit_log"
shows 'session 1: session lost: .*: logging in again' "$nbdkit_log"
shows 'session back after [0-9.]+ s, [0-9]+ commands had been under way' \
      "$nbdkit_log"
said 1 'session lost'
said 1 'session back'
# With two lines for each it would be 80.
proxy reset every 100
wait_until proxied killed -ge 40
proxy reset every 0
lines=$(wc -l <"$nbdkit_log")
echo "resets: $(proxy_fact killed), lines: $lines"
[ "$lines" -le 20 ] || fail "a flood of messages"
end_load
