#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The portal of the URL is on standby or unavailable when the server starts,
# and another one is active: the LUN is served through that, whether or not the
# preflight has found out which.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

for state in standby unavailable; do for preflight in true false; do
  start_scripted --portals 2 --set tpgs=1
  scripted alua 1:$state
  start_nbdkit iscsi "$url" "portal=$(scripted_portal 2)" preflight=$preflight
  load --seconds 2 --slots 64 --backing "$disk" --read-back "$uri"
  equal "writes through the portal on $state" "$(scripted_fact write@1)" 0
  stop_nbdkit
done; done
