#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that keeps one session for each initiator name, and ends the older
# one when another is opened: it is recognised, said once, and all is served
# over one session, without an error.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --portals 2 --set evict=1 --set luns=2
start_nbdkit iscsi "iscsi://$portal/$iqn" "portal=$(scripted_portal 2)" \
             sessions=4
start_load --connections 4 --depth 4 --seconds 3600 --slots 256 \
           --backing "$disk" --read-back "nbd+unix:///1?socket=$sock"
start=$(now)
wait_until grep -q 'all of its LUNs are served over one' "$nbdkit_log"
within "settled" $(($(now) - start)) "5 s" 60
# Writes that it has left may take another login to settle.
until
  logins=$(scripted_fact logins)
  sleep 3
  [ "$(scripted_fact logins)" = "$logins" ]
do :; done
nbdinfo --size "nbd+unix:///2?socket=$sock"
load_goes_on
load_goes_on
equal "logins when it has settled" "$(scripted_fact logins)" "$logins"
equal "sessions" "$(scripted_fact sessions)" 1
end_load
said 1 'all of its LUNs are served over one'
# How many it takes until it is recognised is a matter of who comes first; each
# takes milliseconds, so that a storm would be thousands.
echo "logins until it had settled: $logins"
[ "$logins" -le 600 ] || fail "$logins logins"
