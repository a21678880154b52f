#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Several portals of one target: when one fails, the next login goes to the
# next; a dead one costs little; a client sees no error.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 128M
start_two_proxies

start_nbdkit iscsi "iscsi://$first_portal/$iqn/1" "portal=$second_portal"
start_load --seconds 3600 --backing "$disk" --read-back "$uri"
used "$first" connections -ge 1 || fail "the first portal is not used first"

# Dead, and nobody says so.
use "$first" blackhole
use "$first" reset
lost=$(now)
wait_until used "$second" connections -ge 1
within "from a silent portal to the next" $(($(now) - lost)) "6 s" 30

use "$first" accept
use "$second" refuse
use "$second" reset
lost=$(now)
wait_until used "$first" connections -ge 1
within "from a portal that refuses to the next" $(($(now) - lost)) "1 s" 20

# Frozen in the middle of everything: the keep-alive notices.
use "$second" accept
use "$first" blackhole
use "$first" freeze
lost=$(now)
wait_until used "$second" connections -ge 1
within "from a frozen portal to the next" $(($(now) - lost)) "16 s" 80
sleep 1
end_load
stop_nbdkit

# And at the start.
use "$first" refuse
start_nbdkit iscsi "iscsi://$first_portal/$iqn/1" "portal=$second_portal"
load --ops 1000 --slots 256 "$uri"
stop_nbdkit
use "$first" accept
use "$first" blackhole
before=$(now)
start_nbdkit iscsi "iscsi://$first_portal/$iqn/1" "portal=$second_portal"
load --ops 1000 --slots 256 "$uri"
within "start when the first portal is silent" $(($(now) - before)) \
       "15 s" 60
