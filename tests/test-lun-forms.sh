#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# LUNs in all the forms that targets write them: LIO says 012Ch for 300, and
# knows no other form; some say 4001h for 1, and know no other.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

requires nbdinfo --version

# served FORM LUN
served ()
{
  start_scripted --set form="$1" --set lun="$2" --set luns=2
  start_nbdkit iscsi "iscsi://$portal/$iqn/$2"
  equal "size of LUN $2" "$(nbdinfo --size "$uri")" $((64 << 20))
  run_nbdsh -u "$uri" -c 'h.pwrite(b"1" * 512, 0)'
  equal "first byte of LUN $2" "$(head -c 1 "$disk")" 1
  stop_nbdkit
  start_nbdkit iscsi "iscsi://$portal/$iqn"
  nbdinfo --list "$uri" >"$tmp/list"
  shows "^export=\"$2\":" "$tmp/list"
  shows "^export=\"$(($2 + 1))\":" "$tmp/list"
  equal "size of LUN $2" "$(nbdinfo --size "nbd+unix:///$2?socket=$sock")" \
        $((64 << 20))
  stop_nbdkit
  head -c 1 /dev/zero | dd of="$disk" conv=notrunc status=none
}

for lun in 0 1 255 256 300 16382; do
  for form in 0 0x4000; do
    served "$form" $lun
  done
done
