#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# qemu-img: info, convert to qcow2 and back, compare, map.

. "${0%/*}/functions.sh"
requires_tgtd
requires qemu-img --version
requires_nbdsh

set -x
disk_of 64M
set_lun 1 thin_provisioning=1
random_data $((9 * 1024 * 1024)) "$tmp/data"
dd if="$tmp/data" of="$disk" bs=1M seek=3 conv=notrunc status=none
cp --sparse=always "$disk" "$tmp/before"
start_nbdkit iscsi "$url"
qemu-img info -f raw "$uri"
qemu-img convert -f raw -O qcow2 "$uri" "$tmp/disk.qcow2"
qemu-img compare -f raw -F qcow2 "$uri" "$tmp/disk.qcow2"
qemu-img compare -F qcow2 -f raw "$disk" "$tmp/disk.qcow2"

qemu-img map --output=json -f raw "$uri" >"$tmp/json"
run_python - "$tmp/json" >"$tmp/map" <<EOF
import json
import sys
for e in json.load(open(sys.argv[1])):
    print(e["start"], e["length"], e["zero"])
EOF
diff -u - "$tmp/map" <<EOF
0 3145728 True
3145728 9437184 False
12582912 54525952 True
EOF

random_data $((64 * 1024 * 1024)) "$disk"
qemu-img convert -n -f qcow2 -O raw "$tmp/disk.qcow2" "$uri"
cmp "$disk" "$tmp/before"
