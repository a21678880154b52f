#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# One LUN prefers the one controller, another one the other: each goes its own
# way.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --portals 2 --set tpgs=1 --set luns=2
scripted alua lun=1 1:optimized 2:nonoptimized
scripted alua lun=2 1:nonoptimized 2:optimized
start_nbdkit iscsi "iscsi://$portal/$iqn" "portal=$(scripted_portal 2)"
# writes LUN: through each portal, by a client of that LUN.
writes () # sets $one and $two
{
  one=$(scripted_fact write@1)
  two=$(scripted_fact write@2)
  load --seconds 2 --slots 64 --mix write=1 --connections 2 \
       "nbd+unix:///$1?socket=$sock"
  one=$(($(scripted_fact write@1) - one))
  two=$(($(scripted_fact write@2) - two))
  echo "LUN $1: $one writes through portal 1, $two through portal 2"
}
writes 1
equal "writes of LUN 1 through portal 2" $two 0
writes 2
# Until the session at the other portal is there.
[ $two -gt $one ] || fail "LUN 2 is not on its own path"
writes 2
equal "writes of LUN 2 through portal 1" $one 0
