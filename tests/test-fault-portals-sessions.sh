#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Several sessions are spread over two portals.  One of these becomes silent:
# its sessions go to the other portal after one try, and come back when it
# does.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 128M
start_two_proxies

start_nbdkit -v -D iscsi.session=1 iscsi "iscsi://$first_portal/$iqn/1" \
             "portal=$second_portal" sessions=4
start_load --connections 4 --depth 2 --seconds 3600 --slots 512 \
           --backing "$disk" --read-back "$uri"
wait_until used "$first" connections -eq 2
wait_until used "$second" connections -eq 2
use "$first" blackhole
# One after the other.
use "$first" status
for id in $(tr ' ' '\n' <"$tmp/proxy.out" | sed -n 's/^ids=//p' | tr , ' ')
do
  use "$first" reset "$id"
  sleep 0.1
done
wait_until used "$second" connections -eq 4
sleep 1
# A try at the silent portal costs up to 5 s.
tries=$(grep -c 'has not answered yet' "$nbdkit_log")
# The tries are open there still, and are no sessions.
use "$first" reset
use "$first" accept
wait_until used "$first" connections -eq 2
wait_until used "$second" connections -eq 2
end_load
within "slowest request" "$(loaded max)" "6 s" 30

echo "$tries tries failed"
[ "$tries" -le 4 ] || fail "$tries tries at the silent portal"
