#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A thin LUN that will not tell its map is all data: it is copied whole and
# without an error, and one that is busy for ever is waited for just once.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdcopy --version
requires nbdinfo --version

set -x
start_scripted
random_data $((64 * 1024 * 1024)) "$disk"

# copies ANSWER COMMANDS: GET LBA STATUS that is answered so, and how many of
# them a server sends while it is copied and its map is read; "": any number.
copies ()
{
  local before

  scripted rules clear
  scripted rule lbastatus times=0 "$1"
  before=$(scripted_fact rules)
  start_nbdkit -v iscsi timeout=1 "$url"
  nbdcopy "$uri" "$tmp/copy"
  cmp "$disk" "$tmp/copy"
  nbdinfo --map "$uri" | awk '{ print $1, $2, $3 }' >"$tmp/map"
  equal "the map with ‘$1’" "$(cat "$tmp/map")" "0 67108864 0"
  met=$(($(scripted_fact rules) - before))
  [ $met -gt 0 ] || fail "the map was not asked for"
  if [ -n "$2" ]; then equal "commands that met ‘$1’" $met "$2"; fi
  grep -q "no map at offset 0, shown as data" "$nbdkit_log"
  stop_nbdkit
}

copies "check 5/2500" 1
copies "check 5/2000" 1
copies "check 5/2400" 1
copies "check 4/4400" ""
copies "check 2/3a00" ""
copies "conflict" ""

# Tried for a second, once: the requests that come later do not wait for it.
copies "busy" ""
said 1 "no map at"
said 0 "error: LUN"
