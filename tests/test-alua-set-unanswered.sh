#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that is told to make a path of a LUN active (alua=explicit) and does
# not answer that: the session, which other LUNs use, is not given up for it.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

set -x
start_scripted --set luns=2 --set tpgs=2 \
               --rule "setgroups#2 times=0 swallow"
start_nbdkit iscsi "iscsi://$portal/$iqn" alua=explicit sessions=1 \
             timeout=$((slack * 2)) noop-timeout=60
nbdinfo --size "nbd+unix:///1?socket=$sock"
start_load --seconds 3600 --slots 64 --max-errors any \
           "nbd+unix:///2?socket=$sock"
scripted alua lun=2 1:standby
wait_until grep -q 'told the target to make port group 1 active' "$nbdkit_log"
logins=$(scripted_fact logins)
said 0 'session lost'
run_nbdsh -u "nbd+unix:///1?socket=$sock" -c 'h.pread(512, 0)'
scripted rules clear
load_goes_on
end_load
said 0 'session lost'
equal logins "$(scripted_fact logins)" "$logins"
