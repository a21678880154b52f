#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdkit started by socket activation, as systemd and libnbd do.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
disk_of 1M
run_nbdsh -c - <<EOF
h.connect_systemd_socket_activation(["nbdkit", "iscsi", "$url"])
h.pwrite(b"x" * 512, 1024)
h.flush()
assert h.get_size() == 1 << 20
EOF
equal "the byte at 1024" "$(tail -c +1025 "$disk" | head -c 1)" x
