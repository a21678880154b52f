#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that tells no limit of WRITE SAME, and keeps only 16 bits of its
# count: zeroing 65536 blocks does not become "to the end of the LUN".

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires_nbdsh

set -x
start_scripted --set narrow=1
random_data $((64 * 1024 * 1024)) "$disk"
cp "$disk" "$tmp/before"
start_nbdkit iscsi "$url"
# What is zeroed at once grows up to 32 MiB, which are so many, as long as a
# command takes less than a second: on a slow machine that may take some tries.
while [ "$(scripted_fact longest-same)" -lt 65535 ]; do
  run_nbdsh -u "$uri" -c 'h.zero(1 << 25, 1 << 20, nbd.CMD_FLAG_NO_HOLE)'
done
cmp --bytes=1M "$disk" "$tmp/before"
head -c 32M /dev/zero | cmp --bytes=32M --ignore-initial=0:1M - "$disk"
cmp --ignore-initial=33M "$disk" "$tmp/before"
