#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# qemu-io: write, zero, discard, flush, and verified reads, with alignments
# that are not the LUN's.

. "${0%/*}/functions.sh"
requires_tgtd
requires qemu-io --version

set -x
disk_of 16M --blocksize 4096
set_lun 1 thin_provisioning=1
start_nbdkit iscsi "$url"
qemu-io -f raw -t none -d unmap \
        -c 'write -P 0x11 0 1M' \
        -c 'write -P 0x22 512 1536' \
        -c 'write -f -P 0x33 1M 4M' \
        -c 'write -z 2M 512' \
        -c 'write -zu 3M 1M' \
        -c 'discard 4M 64k' \
        -c 'flush' \
        -c 'read -P 0x11 0 512' \
        -c 'read -P 0x22 512 1536' \
        -c 'read -P 0x11 2048 1046528' \
        -c 'read -P 0x33 1M 1M' \
        -c 'read -P 0 2M 512' \
        -c 'read -P 0x33 2097664 1048064' \
        -c 'read -P 0 3M 1M' \
        -c 'read -P 0x33 4259840 983040' "$uri" >"$tmp/out" 2>&1 || {
  cat "$tmp/out"
  fail "qemu-io failed"
}
cat "$tmp/out"
shows_not 'Pattern verification failed' "$tmp/out"
shows_not 'error' "$tmp/out"
