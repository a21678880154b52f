#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A slow link, and a target that drops a connection on which the data of a
# write take too long, as LIO does: 8 large writes at once are too many, and
# one at a time is not.  None fails.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set receive-rate=1000000 --set data-out-ms=1000 \
               --set immediate-data=0
start_nbdkit iscsi "$url"
load --depth 8 --block-size 1M --slots 32 --mix write=1 --ops 16 \
     --backing "$disk" "$uri"
dropped=$(scripted_fact too-slow)
echo "$dropped connections were dropped"
# Or there was nothing to learn.
[ "$dropped" -ge 1 ] || fail "the link was fast enough"
# It learns how much is too much.
[ "$dropped" -le 200 ] || fail "$dropped connections were dropped"
