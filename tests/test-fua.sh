#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A write with FUA reaches the medium, as one command: tgtd syncs the file
# before it is answered.  A write without does not.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh
requires_strace

set -x
disk_of 4M
start_nbdkit iscsi "$url"
nbdinfo --can fua "$uri"
trace_tgtd
run_nbdsh -u "$uri" -c 'h.pwrite(b"x" * 4096, 0)'
shows_not sync "$tmp/strace.out"
run_nbdsh -u "$uri" -c 'h.pwrite(b"y" * 4096, 0, nbd.CMD_FLAG_FUA)'
equal "the number of syncs" "$(grep -Ec 'f(data)?sync' "$tmp/strace.out")" 1
