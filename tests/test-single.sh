#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdkit -s: one client on standard input and output.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
disk_of 1M
run_nbdsh -c - <<EOF
h.connect_command(["nbdkit", "-s", "--exit-with-parent", "iscsi", "$url"])
h.pwrite(b"x" * 512, 1024)
h.flush()
assert h.pread(512, 1024) == b"x" * 512
h.shutdown()
EOF
equal "the byte at 1024" "$(tail -c +1025 "$disk" | head -c 1)" x
