#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A server on TCP, at a port of its own.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
for ((try = 0; try < 50; try++)); do
  port=$((10000 + RANDOM % 22000))
  if size=$(nbdkit -i 127.0.0.1 -p $port iscsi "$url" \
                   --run "nbdinfo --size nbd://127.0.0.1:$port"); then
    break
  fi
done
equal size "$size" 1048576
