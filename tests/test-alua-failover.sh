#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A controller fails over under load, while TCP stays up: the portals swap
# their states, with a word from the target (6/2A06) or without one.  No request
# fails, and none is slow.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

for told in 1 0; do
  for state in standby unavailable; do
    start_scripted --portals 2 --set tpgs=1 --set alua-ua=$told
    scripted alua 1:optimized 2:$state
    start_nbdkit iscsi "$url" "portal=$(scripted_portal 2)" sessions=2
    start_load --connections 3 --seconds 60 --slots 256 \
               --backing "$disk" --read-back "$uri"
    for _ in 1 2 3; do
      load_goes_on
      scripted alua 1:$state 2:optimized
      before=$(scripted_fact write@2)
      wait_until scripted_has write@2 -gt $((before + 10))
      load_goes_on
      scripted alua 1:optimized 2:$state
      before=$(scripted_fact write@1)
      wait_until scripted_has write@1 -gt $((before + 10))
    done
    end_load
    within "slowest request" "$(loaded max)" "3 s" 30
    stop_nbdkit
  done
done
