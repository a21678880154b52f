#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that answers after random delays, out of order: no request is
# stranded.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --rule 'io times=0 slow 0-20'
# A stranded request would go out again only when this is over.
start_nbdkit iscsi "$url" timeout=$((60 * slack))
for depth in 1 3 16; do
  for block in 512 4096 65536; do
    load --connections 3 --depth $depth --block-size $block --slots 200 \
         --ops 1500 --backing "$disk" --read-back "$uri"
    within "slowest request, depth $depth, $block bytes" \
           "$(loaded max)" "2 s" 30
  done
done
