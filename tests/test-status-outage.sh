#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# An outage in the status: which portal has failed, since when and why there is
# no session, how long requests have waited; and after it where the session
# is, what was lost, and how long that took.

. "${0%/*}/fault-functions.sh"
# shellcheck source=status-functions.sh
. "${0%/*}/status-functions.sh"
requires_fault_tools
requires_tgtd
requires_status

set -x
disk_of 128M
start_two_proxies
start_nbdkit iscsi "iscsi://$first_portal/$iqn/1" "portal=$second_portal" \
             sessions=1 status-socket="$status_socket"
await_lun
start_load --seconds 3600 "$uri"
equal "sessions at the first portal" \
      "$(fact portal_sessions "portal=\"$first_portal\"")" 1

# Nobody is there.
use "$second" refuse
use "$first" refuse
use "$first" reset
wait_until session_is lost 1
equal "sessions that are up" "$(fact sessions_up)" 0
equal session_up "$(fact session_up)" 0
wait_until fact_is 1 portal_failed "portal=\"$first_portal\""
wait_until fact_is 1 portal_failed "portal=\"$second_portal\""
wait_until fact_above 1 session_stall_seconds
wait_until fact_above 1 stall_seconds
wait_until fact_above 0 requests_in_flight
read_status
shows '^# session 1: .*connection refused' "$tmp/facts"
equal losses "$(fact session_losses_total)" 1
fact_above 0 session_unanswered_total

# It is back, elsewhere.
use "$second" accept
wait_until session_is up 1
load_goes_on
equal "sessions at the second portal" \
      "$(fact portal_sessions "portal=\"$second_portal\"")" 1
equal "failed" "$(fact portal_failed "portal=\"$second_portal\"")" 0
equal "failed" "$(fact portal_failed "portal=\"$first_portal\"")" 1
samples session_info "portal=\"$second_portal\"" | grep .
equal "session's stall" "$(fact session_stall_seconds)" 0.000
fact_above 1 session_longest_stall_seconds
fact_above 1 longest_stall_seconds
fact_above 0 retries_total
equal "held writes" "$(fact writes_held)" 0
shows_not '# session 1: ' "$tmp/facts"
end_load
equal stall "$(fact stall_seconds)" 0.000
equal errors "$(samples request_errors_total | grep -vc ' 0$' || true)" 0
