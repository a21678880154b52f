#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The status says which portal leads to another LUN, and that requests wait
# while there is no other.

. "${0%/*}/fault-functions.sh"
# shellcheck source=status-functions.sh
. "${0%/*}/status-functions.sh"
requires_scripted_target
requires_status

set -x
start_scripted --set serial=0002 --set naa=60014050000000000000000000000002
other_portal=$portal
start_scripted
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" "portal=$other_portal" \
             sessions=1 status-socket="$status_socket"
await_lun
read_status
equal "the number of paths" "$(samples path_info | wc -l)" 2
equal "sessions at the other portal" \
      "$(fact portal_sessions "portal=\"$other_portal\"")" 0

# Requests wait: the only portal that answers has another LUN.
start_load --seconds 3600 "$uri"
proxy refuse
proxy reset
path_is ()
{
  read_status
  samples path_info "portal=\"$1\"" "state=\"$2\"" | grep .
}
wait_until path_is "$other_portal" "another LUN"
wait_until fact_above 1 stall_seconds

proxy accept
load_goes_on
wait_until path_is "$proxy_portal" "not told"
equal "held writes" "$(fact writes_held)" 0
end_load
