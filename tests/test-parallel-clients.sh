#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Several clients at the same time, each with many requests in flight, each
# read what they have written.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdcopy --version
requires_filter offset

set -x
disk_of 64M
start_nbdkit iscsi "$url"
pids=()
for i in 0 1 2 3 4 5 6 7; do
  random_data $((8 * 1024 * 1024)) "$tmp/data$i"
  # Each part of the disk is an export of a server in between.
  (
    nbdkit -U - --filter=offset nbd uri="$uri" \
           offset=$((i * 8 * 1024 * 1024)) range=8M \
           --run "nbdcopy --flush '$tmp/data$i' \"\$uri\" &&
                  nbdcopy \"\$uri\" '$tmp/back$i'"
  ) &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done
for i in 0 1 2 3 4 5 6 7; do cmp "$tmp/data$i" "$tmp/back$i"; done
cat "$tmp"/data? | cmp - "$disk"
