#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A session was lost and is back, and idle for longer than recovery-timeout;
# then the target freezes.  The outage is counted from then: a request is held
# until the target is back.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd
requires_nbdsh

disk_of 16M
start_proxy
for noop in 1 0; do
  start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" recovery-timeout=10 \
               noop-interval=$noop noop-timeout=1 timeout=1
  wait_until proxied connections -ge 1
  proxy reset
  wait_until grep -q 'session back' "$nbdkit_log"
  sleep 11
  proxy freeze
  proxy refuse
  run_nbdsh -u "$uri" -c 'h.pread (512, 0)' &
  client=$!
  sleep 4
  proxy accept
  wait $client
  stop_nbdkit
done
