#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# id: and a designator find a LUN, of every kind, at any target of the portal,
# and again when it has another number.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

# open_id NAME: prints the size of the export, or what went wrong.
open_id ()
{
  run_python - "$sock" "$1" <<'END'
import nbd, sys
h = nbd.NBD()
h.set_export_name(sys.argv[2])
try:
    h.connect_unix(sys.argv[1])
    print(h.get_size())
except nbd.Error:
    print("refused")
END
}

# fill PATTERN: what the list says of the ids.
ids ()
{
  nbdinfo --list "$uri" | sed -n 's/.*description: .*\(id:[^,]*\),.*/\1/p'
}

set -x
start_tgtd
for tid in 1 2; do
  add_target $tid
  for lun in 1 2; do
    truncate -s $tid${lun}M "$tmp/$tid$lun"
    add_lun $lun "$tmp/$tid$lun"
    set_lun $lun "scsi_sn=serial of $tid$lun,scsi_id=tgt $tid$lun"
  done
done
start_nbdkit iscsi "iscsi://$portal/"
nbdinfo --list "$uri"

# The one in the description, whichever that is.
ids >"$tmp/ids"
equal "the number of ids" "$(sort -u "$tmp/ids" | wc -l)" 4
n=0
while read -r id; do
  n=$((n + 1))
  size=$(open_id "$id")
  lun=$(((size >> 20) % 10)) tid=$(((size >> 20) / 10))
  equal "the number of $id" "$(((tid - 1) * 2 + lun))" $n
done <"$tmp/ids"
equal "the size of a serial number" "$(open_id "id:serial.serial of 21")" \
      $((21 << 20))

# What is none, and none that there is.
for id in id: id:naa. id:21 id:serial.22 id:naa.00; do
  equal "the size of $id" "$(open_id "$id")" refused
done
shows 'there is no LUN with the id naa.00 here' "$nbdkit_log"
shows 'must have naa., eui., t10., iqn. or serial. after id:' "$nbdkit_log"
stop_nbdkit

# With a target only its own are found; the number changes under way.
start_nbdkit iscsi "iscsi://$portal/$iqn"
equal size "$(open_id "id:serial.serial of 11")" refused
equal size "$(open_id "id:serial.serial of 22")" $((22 << 20))
tid=2
tgt --mode logicalunit --op delete --tid 2 --lun 2
add_lun 300 "$tmp/22"
set_lun 300 "scsi_sn=serial of 22"
equal size "$(open_id "id:serial.serial of 22")" $((22 << 20))

# Another one takes its place.
tgt --mode logicalunit --op delete --tid 2 --lun 300
add_lun 300 "$tmp/11"
add_lun 7 "$tmp/22"
set_lun 300 "scsi_sn=serial of 11"
set_lun 7 "scsi_sn=serial of 22"
sleep 2
equal size "$(open_id "id:serial.serial of 22")" $((22 << 20))
equal size "$(open_id "id:serial.serial of 11")" $((11 << 20))

# Two of a kind: neither.
set_lun 1 "scsi_sn=serial of 11"
stop_nbdkit
start_nbdkit iscsi "iscsi://$portal/$iqn"
equal size "$(open_id "id:serial.serial of 11")" refused
shows "more than one LUN has the id serial.serial of 11: $iqn/1 and $iqn/300" \
      "$nbdkit_log"
