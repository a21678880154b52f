#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A flush reaches the medium: tgtd syncs the file before it is answered.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh
requires_strace

set -x
disk_of 4M
start_nbdkit iscsi "$url"
nbdinfo --can flush "$uri"
trace_tgtd
run_nbdsh -u "$uri" -c 'h.pwrite(b"x" * 4096, 0)' -c 'h.flush()'
shows 'f(data)?sync.*= 0' "$tmp/strace.out"
