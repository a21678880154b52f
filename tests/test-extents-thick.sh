#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN that is not thin has no map: all of it is data, although tgtd answers
# GET LBA STATUS for it.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 64M
start_nbdkit iscsi "$url"
nbdinfo --map "$uri" | awk '{ print $1, $2, $3 }' >"$tmp/map"
equal "the map" "$(cat "$tmp/map")" "0 67108864 0"
