#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# An image whose size is no multiple of the LUN's blocks is copied to it and
# back with the tools that everyone has.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdcopy --version
requires qemu-img --version
requires_filter offset

set -x
random_data 1000001 "$tmp/odd"
disk_of 2M --blocksize 4096
random_data $((2 * 1024 * 1024)) "$disk"
cp "$disk" "$tmp/before"
start_nbdkit iscsi "$url"
nbdcopy "$tmp/odd" "$uri"
cmp --bytes=1000001 "$disk" "$tmp/odd"
cmp --ignore-initial=1000001 "$disk" "$tmp/before"
stop_nbdkit

# An odd part of the LUN.
start_nbdkit --filter=offset iscsi "$url" offset=3333 range=1000001
nbdcopy "$uri" "$tmp/part"
cmp --ignore-initial=3333:0 --bytes=1000001 "$disk" "$tmp/part"
nbdcopy "$tmp/odd" "$uri"
cmp --ignore-initial=3333:0 --bytes=1000001 "$disk" "$tmp/odd"
qemu-img convert -f raw -O raw "$uri" "$tmp/part"
cmp --bytes=1000001 "$tmp/odd" "$tmp/part"
