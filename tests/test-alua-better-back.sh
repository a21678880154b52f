#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The better path goes away and comes back: it is used again, without an error,
# and the worse one is not any more.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

for other in nonoptimized standby; do
  start_scripted --portals 2 --set tpgs=1
  scripted alua 2:$other
  start_nbdkit iscsi "$url" "portal=$(scripted_portal 2)" sessions=2
  start_load --connections 2 --seconds 3600 --slots 64 --backing "$disk" \
             --read-back "$uri"
  load_goes_on
  scripted alua 1:standby 2:nonoptimized
  before=$(scripted_fact write@2)
  wait_until scripted_has write@2 -gt $((before + 10))
  scripted alua 1:optimized 2:$other
  before=$(scripted_fact write@1)
  wait_until scripted_has write@1 -gt $((before + 10))
  # The last of it is over.
  load_goes_on
  before=$(scripted_fact read@2)
  load_goes_on
  load_goes_on
  equal "reads through the worse path" $(($(scripted_fact read@2) - before)) 0
  end_load
  stop_nbdkit
done
