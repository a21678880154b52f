#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# fio writes and verifies at random, over NBD.

. "${0%/*}/functions.sh"
requires_tgtd
requires fio --enghelp=nbd

set -x
disk_of 32M
start_nbdkit iscsi "$url"
cd "$tmp"
for bs in 512 4k 64k; do
  fio --name=verify --ioengine=nbd --uri="$uri" --rw=randwrite --bs=$bs \
      --size=32m --io_size=4m --iodepth=16 --verify=crc32c --verify_fatal=1 \
      --do_verify=1 --fsync=64 --randseed=1 >"$tmp/fio.log" 2>&1
  shows 'verify: .*err= 0' "$tmp/fio.log"
done
