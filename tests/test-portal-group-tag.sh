#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The portal may be pasted from what iscsi-ls prints, with the portal group tag
# behind a comma.

. "${0%/*}/functions.sh"
requires_tgtd
requires command -v iscsi-ls
requires nbdinfo --version

set -x
disk_of 1M
iscsi-ls "iscsi://$portal/" >"$tmp/ls"
cat "$tmp/ls"
pasted=$(sed -n 's/^Target:\([^ ]*\) Portal:\([^ ]*\)$/\2\/\1/p' "$tmp/ls")
start_nbdkit iscsi "iscsi://$pasted/1"
equal size "$(nbdinfo --size "$uri")" 1048576
