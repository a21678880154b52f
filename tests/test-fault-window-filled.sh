#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# As many commands are under way as the target's window takes when it falls
# silent: a ping tells all the same, long before timeout=.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set window=4
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" sessions=1 \
             noop-interval=1 noop-timeout=1
scripted rule read times=0 hold
run_nbdsh -u "$uri" -c - <<'END' &
for i in range(4):
    h.aio_pread(nbd.Buffer(512), i * 4096)
while h.aio_in_flight() > 0:
    h.poll(1000)
END
client=$!
wait_until scripted_has held -ge 3
proxy freeze
wait_until grep -q 'session lost' "$nbdkit_log"
shows 'a ping was not answered' "$nbdkit_log"
scripted rules clear
proxy thaw
wait $client
