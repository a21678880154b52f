#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The initiator name is the one that the target's access list sees: the same at
# every start unless it is given.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
start_tgtd
add_target 1 ""
truncate -s 1M "$tmp/1"
add_lun 1 "$tmp/1"
url=iscsi://$portal/$iqn/1
mine=iqn.2001-04.com.example:me
tgt --mode target --op bind --tid 1 --initiator-name $mine
start_nbdkit iscsi "$url" initiator-name=$mine
equal size "$(nbdinfo --size "$uri")" 1048576
stop_nbdkit

# The refusal tells the name to allow.
refused iscsi "$url"
default=$(grep -Eo 'iqn\.[^ ]*org\.nbdkit[^ ,]*[0-9a-z]' "$tmp/refused.log")
tgt --mode target --op bind --tid 1 --initiator-name "$default"
start_nbdkit -v iscsi "$url"
equal size "$(nbdinfo --size "$uri")" 1048576
shows "initiator name: $default\$" "$nbdkit_log"

# Names that no standard knows are in use, and are sent as they are.
for odd in iqn.1993-08.org.debian:01:my_host \
           iqn.1991-05.com.microsoft:HOST IQN.x me; do
  tgt --mode target --op bind --tid 1 --initiator-name "$odd"
  start_nbdkit -v iscsi "$url" "initiator-name=$odd"
  equal size "$(nbdinfo --size "$uri")" 1048576
  shows "initiator-name $odd is not what RFC 7143" "$nbdkit_log"
  stop_nbdkit
done

for bad in "" 'iqn.2001-04.com.example:a b'; do
  refused iscsi "$url" "initiator-name=$bad"
  shows 'initiator-name' "$tmp/refused.log"
done
