#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The target pings all the time while large writes are under way: no error,
# no spin, no flood of messages.  (libiscsi 1.19 gives its answer to a ping a
# CmdSN of the past when data of a write are queued before it.)

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set nop-interval=200 --set initial-r2t=1 \
               --set max-burst=65536 --set max-recv=65536
start_nbdkit iscsi "$url"
start_load --seconds 3600 --block-size 1M --slots 60 --depth 16 \
           --mix read=10,write=90 --backing "$disk" --read-back "$uri"
sleep 6
wait_until scripted_has pongs -ge 5
end_load
within "longest stall" "$(loaded stall)" "0.5 s" 30
echo "pings answered: $(scripted_fact pongs)"
echo "sessions that were lost: $(grep -c 'session lost' "$nbdkit_log" || true)"
[ "$(wc -l <"$nbdkit_log")" -lt 100 ] || fail "a flood of messages"
