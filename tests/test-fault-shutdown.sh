#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# SIGTERM and SIGINT end the server at once, whatever the target does and
# however many requests are held.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 128M
start_proxy

# serve_and_load SIGNAL FAULT...
serve_and_load ()
{
  local signal=$1

  shift
  start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1"
  start_load --connections 2 --seconds 300 --max-errors any "$uri"
  "$@"
  sleep 1.5
  ends_within "$signal" "2 s" 20
  wait $load_pid || true
  kill -CONT "$tgtd_pid" 2>/dev/null || true
  proxy accept
  proxy reset
  wait_until proxied connections -eq 0
}

echo "while all is well"
serve_and_load TERM true
serve_and_load INT true

echo "while the connection is frozen"
serve_and_load TERM proxy freeze

silent_logins () { proxy blackhole; proxy reset; }
echo "while it tries to log in, and nobody answers"
serve_and_load TERM silent_logins

no_connections () { proxy refuse; proxy reset; }
echo "while connections are refused"
serve_and_load INT no_connections

echo "while the target is frozen"
serve_and_load TERM kill -STOP "$tgtd_pid"

echo "when the target is gone"
serve_and_load TERM kill_tgtd
