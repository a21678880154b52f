#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The status has the facts of a server that is idle, and counts what clients
# ask for, and what fails, by kind.

. "${0%/*}/functions.sh"
# shellcheck source=status-functions.sh
. "${0%/*}/status-functions.sh"
requires_tgtd
requires_status
requires_nbdsh

set -x
disk_of 8M
before=$(date +%s)
start_nbdkit iscsi "$url" status-socket="$status_socket"
await_lun

equal size "$(fact size_bytes)" 8388608
equal clients "$(fact clients)" 0
equal reads "$(fact requests_total 'op="read"')" 0
equal stall "$(fact stall_seconds)" 0.000
equal "sessions that are up" "$(fact sessions_up)" 1
equal "the session" "$(state_of_session 1)" up
equal "its losses" "$(fact session_losses_total 'session="1"')" 0
since=$(fact session_state_timestamp_seconds)
if [ "${since%.*}" -lt "$before" ] || [ "${since%.*}" -gt "$(date +%s)" ]; then
  fail "it is said to be up since $since"
fi
samples session_info "target=\"$iqn\"" "portal=\"$portal\"" \
        'portal_group="1"' | grep .
samples path_info "target=\"$iqn\"" 'lun="1"' "portal=\"$portal\"" \
        'state="not told"' | grep .
equal "sessions of the portal" "$(fact portal_sessions)" 1
equal "failed portals" "$(fact portal_failed)" 0

run_nbdsh -u "$uri" -c - <<'END'
h.pwrite(bytes(1536), 1000)
h.pwrite(bytes(512), 0)
for i in range(5):
    h.pread(4096, 4096 * i)
h.flush()
h.zero(65536, 1 << 20)
# nbdkit passes on what is past the end to nobody.
try:
    h.pread(512, 8 << 20)
except nbd.Error:
    pass
END
wait_until fact_is 0 clients
equal reads "$(fact requests_total 'op="read"')" 5
equal "bytes read" "$(fact request_bytes_total 'op="read"')" 20480
equal writes "$(fact requests_total 'op="write"')" 2
equal "bytes written" "$(fact request_bytes_total 'op="write"')" 2048
equal flushes "$(fact requests_total 'op="flush"')" 1
equal zeroes "$(fact requests_total 'op="zero"')" 1
equal "bytes zeroed" "$(fact request_bytes_total 'op="zero"')" 65536
equal trims "$(fact requests_total 'op="trim"')" 0
equal "under way" "$(fact requests_in_flight)" 0
equal errors "$(samples request_errors_total | grep -vc ' 0$' || true)" 0

# A write to a LUN that has become write protected.
run_nbdsh -u "$uri" -c - <<END
import subprocess
subprocess.check_call("$(tgt_command --mode logicalunit --op update --tid 1 \
                                     --lun 1 --params readonly=1)", shell=True)
try:
    h.pwrite(bytes(512), 0)
    raise SystemExit("the write did not fail")
except nbd.Error:
    pass
END
equal writes "$(fact requests_total 'op="write"')" 3
equal "failed writes" "$(fact request_errors_total 'op="write"')" 1
equal "bytes written" "$(fact request_bytes_total 'op="write"')" 2048
equal "failed reads" "$(fact request_errors_total 'op="read"')" 0

# Prometheus finds nothing wrong with it.
if command -v promtool >/dev/null; then
  read_status
  promtool check metrics <"$tmp/facts"
fi
