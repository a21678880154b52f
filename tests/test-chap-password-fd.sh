#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# password=-FD reads the password from a file descriptor.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
add_account bob an-adequate-secret
exec 3< <(echo an-adequate-secret)
start_nbdkit iscsi "$url" user=bob password=-3
equal size "$(nbdinfo --size "$uri")" 1048576
