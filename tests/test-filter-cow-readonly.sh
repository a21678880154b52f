#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The cow filter makes a write-protected LUN writable, for the client.

. "${0%/*}/functions.sh"
requires_tgtd
requires_filter cow
requires_nbdsh

set -x
disk_of 1M
set_lun 1 readonly=1
start_nbdkit --filter=cow iscsi "$url"
run_nbdsh -u "$uri" -c 'h.pwrite(b"x" * 4096, 0)' -c 'h.flush()' \
          -c 'assert h.pread(4096, 0) == b"x" * 4096'
head -c 1M /dev/zero | cmp - "$disk"
