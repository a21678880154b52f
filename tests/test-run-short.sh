#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A command of --run that is over before the server has got anywhere: nothing
# is said, and the server ends well.  On a machine that is too slow for the
# plugin's patience nbdkit itself says that it was asked to quit.

. "${0%/*}/functions.sh"
requires_tgtd

set -x
disk_of 1M
for i in 1 2 3 4 5 6 7 8 9 10; do
  nbdkit -U - iscsi "$url" --run true >"$tmp/out" 2>&1
  equal "what is said" "$(grep -v 'aborting sleep because' "$tmp/out")" ""
done
