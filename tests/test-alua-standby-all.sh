#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Every portal goes on standby under load, and one of them comes back after
# some seconds: requests wait, and none fails.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --portals 2 --set tpgs=1
start_nbdkit iscsi "$url" "portal=$(scripted_portal 2)" timeout=2
for told in 1 0; do
  scripted set alua-ua=$told
  start_load --seconds 8 --slots 64 --backing "$disk" --read-back "$uri"
  sleep 1
  scripted alua 1:standby 2:standby
  sleep 4
  scripted alua 2:optimized
  finish_load
  within "slowest request" "$(loaded max)" "7 s" 60
  [ "$(loaded max)" -ge 3000 ] || fail "no request had to wait"
  scripted alua 1:optimized
done
