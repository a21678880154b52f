#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Behind the same address, after the connection was lost, answers another
# LUN, or one with other blocks: nothing is read from it or written to it.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

# changes SETTING...: a disk whose settings change while the session is away.
changes ()
{
  local setting

  start_scripted
  start_nbdkit iscsi "$url" recovery-timeout=3
  export uri
  run_nbdsh -u "$uri" -c 'h.pwrite (b"1" * 4096, 0)'
  start_load --seconds 3600 --slots 64 --max-errors any "$uri"
  # Nothing is in flight when the LUN changes.
  kill -STOP "$load_pid"
  before=
  while [ "$before" != "$(scripted_fact commands)" ]; do
    before=$(scripted_fact commands)
    sleep 0.3
  done
  writes=$(scripted_fact write)
  reads=$(scripted_fact read)
  for setting; do scripted set "$setting"; done
  scripted drop
  kill -CONT "$load_pid"
  wait_until grep -q '^histogram: .* errors=[1-9]' "$tmp/load.log"
  end_load
  equal "what the client saw" "$(grep -o 'errno=.*' "$tmp/load.out" |
    sed 's/:.*//')" errno=EIO
  equal "writes to the other LUN" $(($(scripted_fact write) - writes)) 0
  equal "reads from the other LUN" $(($(scripted_fact read) - reads)) 0
  grep error: "$nbdkit_log" | cut -c 1-200 | sed -n 1,5p
  shows 'another' "$nbdkit_log"
  stop_nbdkit
}

changes serial=0002 naa=60014050000000000000000000000002
changes block-size=4096 blocks=16384
