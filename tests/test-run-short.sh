#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A command of --run that is over before the server has got anywhere: nothing
# is said, and the server ends well.

. "${0%/*}/functions.sh"
requires_tgtd

set -x
disk_of 1M
for i in 1 2 3 4 5 6 7 8 9 10; do
  nbdkit -U - iscsi "$url" --run true >"$tmp/out" 2>&1
  equal "what is said" "$(cat "$tmp/out")" ""
done
