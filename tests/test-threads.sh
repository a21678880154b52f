#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdkit -t 1 and -t 64.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdcopy --version

set -x
disk_of 16M
for threads in 1 64; do
  random_data $((16 * 1024 * 1024)) "$tmp/data"
  start_nbdkit -t $threads iscsi "$url"
  nbdcopy --flush --requests=64 "$tmp/data" "$uri"
  cmp "$tmp/data" "$disk"
  nbdcopy --requests=64 "$uri" "$tmp/copy"
  cmp "$tmp/data" "$tmp/copy"
  rm "$tmp/copy"
  stop_nbdkit
done
