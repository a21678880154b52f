#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A session that nobody uses is noticed as lost, is back before anybody asks,
# and costs no CPU time.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url" noop-interval=1 noop-timeout=1
"$PYTHON" -m nbd -u "$uri" -c - <<END &
import time
h.pread(512, 0)
time.sleep(3600)
END
client=$!
cleanup_fn end_process $client
wait_until scripted_has read -ge 1
logins=$(scripted_fact logins)
scripted drop
dropped=$(now)
wait_until scripted_has logins -gt "$logins"
within "an idle session is back" $(($(now) - dropped)) "0.5 s" 20

# Pings go on meanwhile.
pings=$(scripted_fact pings)
cpu=$(server_cpu)
sleep 5
used=$(($(server_cpu) - cpu))
within "CPU time of 5 idle seconds" $used "none" 1
[ "$(scripted_fact pings)" -gt "$pings" ] || fail "no keep-alive"

# The same while the target is away.
kill -KILL "$scripted_pid"
sleep 1
cpu=$(server_cpu)
sleep 5
used=$(($(server_cpu) - cpu))
within "CPU time of 5 seconds without a target" $used "next to none" 1
