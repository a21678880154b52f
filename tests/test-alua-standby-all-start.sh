#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Every portal is on standby when the server starts: it says so.  A client that
# comes at such a time waits until one is active.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --portals 2 --set tpgs=1
scripted alua 1:standby 2:standby
refused iscsi "$url" "portal=$(scripted_portal 2)"
shows 'standby' "$tmp/refused.log"

start_nbdkit iscsi "$url" "portal=$(scripted_portal 2)" preflight=false
run_nbdsh -u "$uri" -c 'h.pwrite(b"1" * 4096, 0)' &
client=$!
wait_until scripted_has groups -ge 1
sleep 1
scripted alua 2:optimized
wait $client
equal "first byte of the disk" "$(head -c 1 "$disk")" 1
