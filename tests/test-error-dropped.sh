#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The target closes the connection while the LUN is looked at for the first
# time: that is what is said, and not that it comes back by itself.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
for what in capacity16 modesense; do
  scripted rule $what times=0 drop
  refused iscsi "$url"
  shows 'the target closed the connection' "$tmp/refused.log"
  shows_not 'comes back' "$tmp/refused.log"
  scripted rules clear
done
