#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# password=+FILE reads the password from a file.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
add_account bob an-adequate-secret
echo an-adequate-secret >"$tmp/secret"
start_nbdkit iscsi "$url" user=bob "password=+$tmp/secret"
equal size "$(nbdinfo --size "$uri")" 1048576
refused iscsi "$url" user=bob "password=+$tmp/no-such-file"
shows 'no-such-file' "$tmp/refused.log"
