#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# One of two portals leads to another LUN of that number, which is on standby in
# the port group of the same number: its states are not taken for those of the
# right one, and with alua=explicit the target is not told to change them.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set tpgs=2 --set serial=0002 \
               --set naa=60014050000000000000000000000002
scripted alua 1:standby
other=$scripted
other_portal=$portal
of_other () { scripted=$other; scripted_fact "$1"; }
other_has () { test "$(of_other "$1")" "$2" "$3"; }

start_scripted --set tpgs=2
start_nbdkit iscsi "$url" "portal=$other_portal" alua=explicit sessions=2
start_load --connections 2 --seconds 3600 --slots 64 --backing "$disk" \
           --read-back "$uri"
wait_until other_has vpd -ge 2
load_goes_on
load_goes_on
end_load
equal "SET TARGET PORT GROUPS" "$(of_other setgroups)" 0
equal "commands for the other LUN" "$(of_other write)$(of_other read)" 00
within "slowest request" "$(loaded max)" "1 s" 30
