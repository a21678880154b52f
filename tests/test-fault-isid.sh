#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A session keeps its ISID for life, so that a login reinstates it; sessions
# of one process have different ones, so that they do not evict each other.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set linger=1
start_nbdkit iscsi "$url" sessions=4
start_load --connections 4 --depth 4 --seconds 6 --slots 256 \
           --backing "$disk" --read-back "$uri"
wait_until scripted_has sessions -eq 4
for ((i = 0; i < 5; i++)); do
  scripted drop
  wait_until scripted_has open -ge 4
done
equal "sessions" "$(scripted_fact sessions)" 4
finish_load
[ "$(scripted_fact reinstated)" -ge 20 ] ||
  fail "only $(scripted_fact reinstated) of 20 sessions were reinstated"
