#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A disk of which the target says that it is not connected now, as arrays do for
# one that cannot be had over this path, is left out of a list with a line in the
# log, and may be the other disk where only one answers.  What is no disk takes
# no line, and at LUN 0 it is how a target says that it has none for us.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdinfo --version

# says LUN TYPE: the first byte of its INQUIRY data, and a server that lists.
says ()
{
  scripted rules clear
  scripted rule "inquiry#$1 times=0 data $2$rest"
  start_nbdkit iscsi "iscsi://$portal/$iqn" list=strict
}

set -x
rest=00050233000000$(printf '20%.0s' {1..48})
start_scripted --set lun=0 --set luns=3
said="is left out of the list: LUN . exists, but no device is connected to it"
for type in 20 25; do
  says 2 $type
  equal "the list" "$(exports_listed)" "0 1 "
  said 1 "$iqn/2 $said"
  stop_nbdkit
done
for type in 3f 2c 1f; do
  says 2 $type
  equal "the list" "$(exports_listed)" "0 1 "
  shows_not 'left out' "$nbdkit_log"
  stop_nbdkit
done

start_scripted --set lun=0 --set luns=2
says 1 20
if nbdinfo --size "$uri"; then fail "there is a default"; fi
shows 'whether 0 is the only disk here: .*no device is connected' "$nbdkit_log"
stop_nbdkit
says 0 20
equal "the list" "$(exports_listed)" "1 "
said 1 "$iqn/0 $said"
equal size "$(nbdinfo --size "$uri")" 67108864
