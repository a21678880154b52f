#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# istgt, with a header digest, is killed in the middle of the load and is back 2
# seconds later: no client sees an error.

. "${0%/*}/istgt-functions.sh"
requires_istgt

start_istgt 128MB
start_nbdkit iscsi "$url" "portal=$second_portal" header-digest=crc32c
start_load --connections 3 --seconds 8 --backing "$tmp/lun0" --read-back "$uri"
sleep 1
end_process $istgt_pid
killed=$(now)
sleep 2
until run_istgt; do sleep 0.1; done
outage=$(($(now) - killed))
finish_load
within "stall beyond the outage" $(($(loaded stall) - outage)) "1.5 s" 10
