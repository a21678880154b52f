#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The status says in which ALUA state the paths are.

. "${0%/*}/fault-functions.sh"
# shellcheck source=status-functions.sh
. "${0%/*}/status-functions.sh"
requires_scripted_target
requires_status

path_is ()
{
  read_status
  samples path_info "portal=\"$(scripted_portal "$1")\"" "state=\"$2\"" | grep .
}

start_scripted --portals 2 --set tpgs=1
start_nbdkit iscsi "$url" "portal=$(scripted_portal 2)" sessions=2 \
             status-socket="$status_socket"
start_load --connections 2 --seconds 3600 "$uri"
wait_until path_is 1 active/optimized
wait_until path_is 2 active/optimized
for state in standby unavailable transitioning; do
  scripted alua 1:$state
  wait_until path_is 1 $state
done
wait_until path_is 2 active/optimized
end_load
