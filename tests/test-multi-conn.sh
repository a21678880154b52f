#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Several connections can be used as one: what is written over one is read over
# the others, and a flush of one is for all.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh

set -x
disk_of 1M
start_nbdkit iscsi "$url"
nbdinfo --can multi-conn "$uri"
run_nbdsh -c - <<EOF
handles = []
for i in range(6):
    handle = nbd.NBD()
    handle.connect_uri("$uri")
    handles.append(handle)
for i, handle in enumerate(handles):
    handle.pwrite(bytes([i + 1]) * 512, i * 512)
    for other in handles:
        assert other.pread(512, i * 512) == bytes([i + 1]) * 512
handles[3].flush()
EOF
for i in 1 2 3 4 5 6; do
  equal "byte $((i * 512 - 1))" \
        "$(od -An -tu1 -j$((i * 512 - 1)) -N1 "$disk" | tr -d ' ')" $i
done
