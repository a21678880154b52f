#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN 0 that the target lists, and of which it says that there is none, is left
# out with a line in the log; it is nothing that a strict list misses, nor
# another disk.  One of which the INQUIRY data say so, as they should, takes no
# line.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdinfo --version

set -x
start_scripted --set lun=0 --set luns=2
for what in inquiry capacity10; do
  scripted rules clear
  scripted rule "$what#0 times=0 check 5/2500"
  start_nbdkit iscsi "iscsi://$portal/$iqn" list=strict
  equal "the list" "$(exports_listed)" "1 "
  equal "the lines about it" \
        "$(grep -c "$iqn/0 is left out of the list: there is no LUN 0, though" \
                "$nbdkit_log")" 1
  equal size "$(nbdinfo --size "$uri")" 67108864
  stop_nbdkit
done

scripted rules clear
scripted rule "inquiry#0 times=0 data 7f0005025b000000$(printf '20%.0s' {1..88})"
start_nbdkit iscsi "iscsi://$portal/$iqn" list=strict
equal "the list" "$(exports_listed)" "1 "
shows_not 'left out' "$nbdkit_log"
