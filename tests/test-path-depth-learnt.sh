#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# What a path can carry is remembered over sessions, and more is tried ever more
# rarely.  Here a connection with a third write under way is dropped, whatever
# the time, so with each try of a third one; what the last session could carry
# is not forgotten with it.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set immediate-data=0 --set initial-r2t=1 --set most-writes=2
start_nbdkit iscsi "$url" sessions=1
load --depth 8 --block-size 64K --slots 64 --mix write=1 --ops 300 \
     --backing "$disk" "$uri"
dropped=$(scripted_fact too-many)
echo "$dropped connections were dropped"
[ "$dropped" -ge 1 ] || fail "there was nothing to learn"
# A server that forgets drops one for every one or two writes.
[ "$dropped" -le 60 ] || fail "$dropped connections were dropped"
