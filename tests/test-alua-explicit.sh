#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that never changes states by itself (TPGS 2) has every path on
# standby.  With alua=explicit it is told to make one active; else a sentence
# says what would help.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --portals 2 --set tpgs=2
start_nbdkit iscsi "$url" "portal=$(scripted_portal 2)" recovery-timeout=2
start_load --seconds 3600 --slots 64 --max-errors any "$uri"
scripted alua 1:standby 2:standby
wait_until grep -q alua=explicit "$nbdkit_log"
equal "SET TARGET PORT GROUPS" "$(scripted_fact setgroups)" 0
scripted alua 1:optimized
load_goes_on
end_load
stop_nbdkit

start_scripted --portals 2 --set tpgs=2 --set stpg-ms=1000
scripted alua 2:standby
start_nbdkit iscsi "$url" "portal=$(scripted_portal 2)" alua=explicit \
             timeout=$((5 * slack))
start_load --connections 2 --seconds 3600 --slots 64 --backing "$disk" \
           --read-back "$uri"
for _ in 1 2 3; do
  load_goes_on
  before=$(scripted_fact setgroups)
  scripted alua 1:standby 2:standby
  wait_until scripted_has setgroups -gt "$before"
  # When it has done so.
  before=$(scripted_fact write)
  wait_until scripted_has write -gt $((before + 100))
done
load_goes_on
end_load
equal "SET TARGET PORT GROUPS" "$(scripted_fact setgroups)" 3
within "slowest request" "$(loaded max)" "5 s" 60
