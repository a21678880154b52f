#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that takes less than 512 bytes at a time (RFC 7143 section 13.12),
# also by way of a number that is 0 in 32 bits, is refused.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

for n in 0 1 511 4294967296 4294967807; do
  start_scripted --set max-recv=$n
  refused iscsi "$url"
  shows 'MaxRecvDataSegmentLength is less than 512' "$tmp/refused.log"
done
