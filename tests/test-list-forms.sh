#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# REPORT LUNS: each LUN once and in order, whatever the form of its address; one
# that a target has only in flat space can be listed and opened; those that
# cannot be used are told.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdinfo --version

set -x
# 4001h to 4003h, and nothing at 0001h.
start_scripted --set form=0x4000 --set luns=3
start_nbdkit iscsi "iscsi://$portal/$iqn"
equal "the list" "$(exports_listed)" "1 2 3 "
equal size "$(nbdinfo --size "nbd+unix:///2?socket=$sock")" 67108864
id=naa.60014050000000000000000000000003
equal size "$(nbdinfo --size "nbd+unix:///id:$id?socket=$sock")" 67108864
stop_nbdkit
start_nbdkit iscsi "$url"
equal size "$(nbdinfo --size "$uri")" 67108864
stop_nbdkit

# 3, 1, 1 again, 1 in flat space, 2 as a logical unit of bus 0, where it does not
# answer; extended flat space, a well known one, a second level, a logical unit
# of bus 1.
entries=0003000000000000
entries+="000100000000000000010000000000004001000000000000"
entries+="8002000000000000"
entries+=d200000100000000c101000000000000000100010000000081020000000000000
start_scripted --set luns=3 --set raw-luns=${entries%?}
start_nbdkit iscsi "iscsi://$portal/$iqn"
equal "the list" "$(exports_listed)" "1 3 "
shows "$iqn/2 is left out of the list: there is no LUN 2" "$nbdkit_log"
shows "$iqn: each of 4 LUNs is left out of the list: its address has a form" \
      "$nbdkit_log"
stop_nbdkit
start_nbdkit iscsi "iscsi://$portal/$iqn" list=strict
if exports_listed; then fail "the list is complete"; fi
