#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Under load the status tells the connections, sessions and requests that
# there are, and no request is missing in the end.

. "${0%/*}/fault-functions.sh"
# shellcheck source=status-functions.sh
. "${0%/*}/status-functions.sh"
requires_fault_tools
requires_tgtd
requires_status

set -x
disk_of 128M
start_nbdkit iscsi "$url" status-socket="$status_socket" sessions=2
await_lun
start_load --seconds 3600 --connections 2 "$uri"
wait_until fact_is 2 clients
wait_until fact_is 2 sessions_up
wait_until fact_above 0 requests_in_flight
wait_until fact_above 0 requests_total 'op="read"'
wait_until fact_above 0 requests_total 'op="write"'
first=$(fact request_bytes_total 'op="write"')
wait_until fact_above "$first" request_bytes_total 'op="write"'
wait_until fact_above 0 session_bytes_total 'session="1"'
wait_until fact_above 0 session_bytes_total 'session="2"'
equal "a user of the first session" \
      "$(fact session_clients 'session="1"')" 1
end_load
wait_until fact_is 0 clients
read_status
equal "requests in all" \
      "$(samples requests_total | awk '{ n += $NF } END { print n }')" \
      "$(loaded ops)"
equal "under way" "$(fact requests_in_flight)" 0
equal stall "$(fact stall_seconds)" 0.000
