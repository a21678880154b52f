#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# One of two portals leads to another LUN.  While the right one is away nothing
# is read from the other or written to it, the requests wait, and they go on
# when it is back.  When there is no other way left, they fail.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set serial=0002 --set naa=60014050000000000000000000000002
other=$scripted
other_portal=$portal
start_scripted
start_proxy
of_other () { scripted=$other; scripted_fact "$1"; }
other_has () { test "$(of_other "$1")" "$2" "$3"; }

start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" "portal=$other_portal" \
             recovery-timeout=20
start_load --seconds 6 --slots 256 --backing "$disk" --read-back "$uri"
proxy refuse
proxy reset
wait_until other_has logins -ge 1
sleep 2
proxy accept
finish_load
measured "longest stall" "$(loaded stall)" "the outage and 2 s"
equal "reads from the other LUN" "$(of_other read)" 0
equal "writes to the other LUN" "$(of_other write)" 0
stop_nbdkit

# Both portals are the other one's now.
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" recovery-timeout=60
export uri
run_nbdsh -u "$uri" -c 'h.pread (512, 0)'
for setting in serial=0003 naa=60014050000000000000000000000003; do
  scripted set "$setting"
done
proxy reset
before=$(now)
if run_nbdsh -u "$uri" -c 'h.pread (512, 0)' 2>"$tmp/read.err"; then
  fail "another LUN was read"
fi
within "refusal of another LUN" $(($(now) - before)) "2 s" 20
shows 'another' "$nbdkit_log"
