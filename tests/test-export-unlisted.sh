#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN that the target has and does not list is not opened, by any name, but by
# the URL alone; a target that refuses to list its LUNs is served by their
# numbers.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

# opened NAMES...: which of them are.
opened ()
{
  run_python - "$sock" "$@" <<'END'
import nbd, sys
for name in sys.argv[2:]:
    h = nbd.NBD()
    h.set_export_name(name)
    try:
        h.connect_unix(sys.argv[1])
        print(name, end=" ")
    except nbd.Error:
        pass
END
}

set -x
# 1 and 3 are listed, 2 is not, though it answers.
start_scripted --set luns=3 --set raw-luns=00010000000000000003000000000000
naa=id:naa.6001405000000000000000000000000
start_nbdkit iscsi "iscsi://$portal/$iqn"
equal "what was opened" "$(opened 1 2 3 4 ${naa}1 ${naa}2 ${naa}3)" \
      "1 3 ${naa}1 ${naa}3 "
shows 'there is no LUN 2 in this target, which has LUN 1, 3: check its number' \
      "$nbdkit_log"
# It is listed from now on, and then no more.
scripted set raw-luns=
equal "what was opened" "$(opened 1 2 ${naa}2)" "1 2 ${naa}2 "
scripted set raw-luns=0001000000000000
equal "what was opened" "$(opened 1 2 ${naa}2 ${naa}3)" "1 "
stop_nbdkit
start_nbdkit iscsi "iscsi://$portal/"
equal "what was opened" "$(opened "$iqn/1" "$iqn/2" "$iqn/02" ${naa}2 "")" \
      "$iqn/1  "
stop_nbdkit
# The others are not told where a filter may be about them.
start_nbdkit iscsi "iscsi://$portal/$iqn" 'export-filter=[0-2]'
equal "what was opened" "$(opened 1 2)" "1 "
shows 'there is no LUN 2 in the list of this target' "$nbdkit_log"
stop_nbdkit
start_nbdkit iscsi "iscsi://$portal/$iqn/2"
equal "what was opened" "$(opened "")" " "
stop_nbdkit

# No list is to be had, or one that makes no sense.
for rule in "check 5/2000" "check 5/2500" "data 0000"; do
  scripted rules clear
  scripted rule "luns times=0 $rule"
  start_nbdkit iscsi "iscsi://$portal/$iqn"
  equal "what was opened" "$(opened 1 2 3 4)" "1 2 3 "
  stop_nbdkit
done
# That there is no answer does not say so.
scripted rules clear
scripted rule "luns times=0 status 08"
start_nbdkit iscsi "iscsi://$portal/$iqn" timeout=2
equal "what was opened" "$(opened 1)" ""
shows 'listing the LUNs failed' "$nbdkit_log"
