#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# alua=off: nobody asks for states.  A path that refuses I/O is left all the
# same.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --portals 2 --set tpgs=3
start_nbdkit iscsi "$url" "portal=$(scripted_portal 2)" alua=off
start_load --seconds 3600 --slots 64 --backing "$disk" --read-back "$uri"
load_goes_on
equal "REPORT TARGET PORT GROUPS" "$(scripted_fact groups)" 0
scripted set alua-ua=0
scripted alua 1:standby
load_goes_on
before=$(scripted_fact write@2)
wait_until scripted_has write@2 -gt $((before + 10))
end_load
equal "SET TARGET PORT GROUPS" "$(scripted_fact setgroups)" 0
