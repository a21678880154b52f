#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Requests that are not answered are a stall from the first moment, while the
# session is still up; a server that is asked nothing has none.

. "${0%/*}/fault-functions.sh"
# shellcheck source=status-functions.sh
. "${0%/*}/status-functions.sh"
requires_fault_tools
requires_tgtd
requires_status

set -x
disk_of 128M
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" noop-interval=0 \
             status-socket="$status_socket"
await_lun
start_load --seconds 3600 "$uri"
proxy freeze
wait_until fact_above 2 stall_seconds
equal "the session" "$(state_of_session 1)" up
proxy thaw
wait_until fact_is 0.000 stall_seconds
fact_above 2 longest_stall_seconds
end_load

# Idle, and then asked again.
longest=$(fact longest_stall_seconds)
sleep 3
equal stall "$(fact stall_seconds)" 0.000
load --ops 100 "$uri"
equal "the longest stall" "$(fact longest_stall_seconds)" "$longest"
