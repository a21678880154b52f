#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Every portal is on standby when the server starts: it waits for one that is
# active, for login-timeout, and then it says so.  A client that comes at such a
# time waits, too.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --portals 2 --set tpgs=1
scripted alua 1:standby 2:standby
refused_with 'standby' iscsi "$url" "portal=$(scripted_portal 2)"

# Both were tried, and are tried again, when the second one becomes active.
logins=$(scripted_fact logins)
{
  wait_until scripted_has logins -ge $((logins + 3))
  scripted alua 2:optimized
} &
change=$!
start_nbdkit iscsi "$url" "portal=$(scripted_portal 2)" login-timeout=60
wait $change
# Who is served knows that the server has started.
run_nbdsh -u "$uri" -c 'h.pread(512, 0)'
stop_nbdkit

scripted alua 1:standby 2:standby
groups=$(scripted_fact groups)
start_nbdkit iscsi "$url" "portal=$(scripted_portal 2)" preflight=false
run_nbdsh -u "$uri" -c 'h.pwrite(b"1" * 4096, 0)' &
client=$!
wait_until scripted_has groups -gt "$groups"
sleep 1
scripted alua 2:optimized
wait $client
equal "first byte of the disk" "$(head -c 1 "$disk")" 1
