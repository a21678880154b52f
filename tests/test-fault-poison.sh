#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that drops the session whenever it is asked to flush.  Whoever
# flushes gets an error at recovery-timeout; those who only read get none.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

# Long enough for one command after the other to have its turn.
limit=4
if [ $slack -gt 1 ]; then limit=16; fi

start_scripted
start_nbdkit iscsi "$url" recovery-timeout=$limit sessions=1
scripted rule flush times=0 drop
start_load --seconds $((2 * limit)) --slots 64 --mix read=1 "$uri"
before=$(now)
if run_nbdsh -u "$uri" -c 'h.flush ()' 2>"$tmp/flush.err"; then
  fail "a flush worked that the target never answered"
fi
within "flush that drops the session each time" $(($(now) - before)) \
       "$limit s" 20
shows 'Input/output error' "$tmp/flush.err"
finish_load
measured "longest stall of those who read" "$(loaded stall)" "5 s"
