#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN that refuses WRITE SAME is zeroed all the same, and the client sees no
# error.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
requires_aio_store
disk_of 200M --bstype aio
random_data $((200 * 1024 * 1024)) "$disk"
cp "$disk" "$tmp/before"
start_nbdkit iscsi "$url"
run_nbdsh -u "$uri" -c - <<EOF
h.zero(1 << 20, 1 << 20)
h.zero(130 << 20, 10 << 20, nbd.CMD_FLAG_NO_HOLE)
h.zero(1000, 5000000, nbd.CMD_FLAG_FUA)
h.flush()
EOF
run_python - "$tmp/before" <<EOF
import sys
with open(sys.argv[1], "r+b") as f:
    for count, offset in ((1 << 20, 1 << 20), (130 << 20, 10 << 20),
                          (1000, 5000000)):
        f.seek(offset)
        f.write(bytes(count))
EOF
cmp "$disk" "$tmp/before"
