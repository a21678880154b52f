#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that is busy for a while only slows the load down.  A command that
# meets BUSY for ever fails at its deadline, and holds nothing else up.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url"
for answer in busy full; do
  start_load --seconds 4 --slots 256 --backing "$disk" --read-back "$uri"
  scripted rule io times=100 $answer
  finish_load
  within "slowest request with 100 times ‘$answer’" "$(loaded max)" "3 s" 15
done
stop_nbdkit

start_nbdkit iscsi "$url" timeout=3
for answer in busy full; do
  start_load --seconds 8 --slots 256 --mix read=1 "$uri"
  scripted rule flush times=0 $answer
  before=$(now)
  if run_nbdsh -u "$uri" -c 'h.flush()' 2>"$tmp/flush.err"; then
    fail "a flush that met ‘$answer’ for ever worked"
  fi
  shows 'Input/output error' "$tmp/flush.err"
  within "flush, ‘$answer’ for ever" $(($(now) - before)) "3 s" 15
  scripted rules clear
  finish_load
  within "slowest read meanwhile" "$(loaded max)" "0.5 s" 10
done
