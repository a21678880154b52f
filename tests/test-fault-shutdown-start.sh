#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# SIGTERM ends a server that is still trying to log in for the first time, or
# waits for a path that is active, and has nothing to say about the target.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires_tgtd

disk_of 1M
start_proxy
proxy blackhole
# The login does not end by itself before the bound.
nbdkit --foreground --unix "$tmp/sock" iscsi "iscsi://$proxy_portal/$iqn/1" \
       login-timeout=$((120 * slack)) </dev/null >"$tmp/start.log" 2>&1 &
pid=$!
cleanup_fn end_process $pid
wait_until proxied accepted -ge 1
before=$(now)
kill -TERM $pid
wait $pid || true
within "exit on SIGTERM during the first login" $(($(now) - before)) "2 s" 20

start_scripted --set tpgs=1
scripted alua 1:standby
start_nbdkit iscsi "$url" preflight=false
wait_until scripted_has groups -ge 2
stop_nbdkit
shows_not 'no path to the LUN' "$nbdkit_log"
