#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A transition of 5 s under load, with timeout=2: no request fails, since the
# time of a transition is the target's.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

# transition SETTING...
transition ()
{
  local setting options=()

  for setting; do options+=(--set "$setting"); done
  start_scripted --portals 2 "${options[@]}"
  scripted alua 2:standby
  start_nbdkit iscsi "$url" "portal=$(scripted_portal 2)" \
               timeout=2 recovery-timeout=3
  start_load --connections 2 --seconds 10 --slots 64 --backing "$disk" \
             --read-back "$uri"
  load_goes_on
  scripted alua ms=5000 1:standby 2:optimized
  finish_load
  [ "$(loaded max)" -ge 4000 ] || fail "no request had to wait"
  within "slowest request" "$(loaded max)" "8 s" 60
  [ "$(scripted_fact write@2)" -ge 1 ] || fail "portal 2 was not used"
  stop_nbdkit
}

transition tpgs=1 transition-s=10
# It does not tell how long, or that anything changes.
transition tpgs=1 extended=0 alua-ua=0
