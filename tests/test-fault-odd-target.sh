#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Targets that are within their rights, if only just: tiny bursts, tiny
# segments, a window of one command, no unsolicited data, garbage in pad
# bytes, short VPD pages, no unit attention.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

# odd SETTING...
odd ()
{
  local setting set_args=()

  for setting; do set_args+=(--set "$setting"); done
  start_scripted "${set_args[@]}"
  start_nbdkit iscsi "$url"
  load --ops 1200 --connections 2 --depth 8 --slots 100 \
       --block-size 66048 --backing "$disk" --read-back "$uri"
  equal "commands out of order with $*" "$(scripted_fact misordered)" 0
  stop_nbdkit
}

odd window=1
odd window=3
odd initial-r2t=1 immediate-data=0
odd initial-r2t=1 max-burst=512 max-recv=512
odd first-burst=512 max-burst=1024
odd pad=garbage
odd login-ua=0
odd thin=0
odd dpofua=0 wce=0
odd max-transfer=16
odd block-size=4096
for length in 0 1 7 12 16 28 59; do
  odd "b0-length=$length"
done
