#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that never answers GET LBA STATUS: the map is data, and the target is
# not asked again.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdinfo --version

set -x
start_scripted
scripted rule lbastatus times=0 swallow
start_nbdkit iscsi "$url" timeout=2
for _ in 1 2; do
  nbdinfo --map "$uri" >"$tmp/map"
  cat "$tmp/map"
  shows '^ *0 +67108864 +0 +data' "$tmp/map"
done
equal "GET LBA STATUS commands" "$(scripted_fact lbastatus)" 1
