#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Loads of random depth, size and number of connections, over a random number
# of sessions, to a target that answers after a random time and in any order:
# every request ends, and every byte is right.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

sizes=(512 1024 4096 16384 65536 262144)

start_scripted
scripted rule io times=0 slow 0-4
for round in 1 2 3 4 5 6; do
  size=${sizes[RANDOM % ${#sizes[@]}]}
  connections=$((1 + RANDOM % 8))
  depth=$((1 + RANDOM % 24))
  # One request in flight a slot; half of the slots are at rest.
  most=$((64 * 1024 * 1024 / size))
  while [ $((2 * connections * depth)) -gt $most ]; do
    depth=$((depth / 2))
  done
  slots=$((2 * connections * depth * (1 + RANDOM % 3)))
  if [ $slots -gt $most ]; then slots=$most; fi
  echo "round $round: $connections connections, $depth requests on each," \
       "$slots slots of $size bytes"
  start_nbdkit iscsi "$url" "sessions=$((1 + RANDOM % 8))"
  load --connections "$connections" --depth "$depth" --slots "$slots" \
       --block-size "$size" --ops 2500 --backing "$disk" --read-back "$uri"
  stop_nbdkit
done
