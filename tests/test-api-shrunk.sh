#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN that shrinks under its clients: requests past its new end get EIO, the
# others go on over the same connection (test-api.c).

. "${0%/*}/functions.sh"
requires_tgtd
requires test -x ./test-api

set -x
disk_of 8M
start_nbdkit iscsi "$url"
export TGT_IPC_SOCKET=$tgt_socket
cat >"$tmp/shrink" <<EOF
set -e
adm="tgtadm -C 0 --lld iscsi --mode logicalunit --tid 1 --lun 1"
\$adm --op delete
truncate -s 4M "$disk"
\$adm --op new -b "$disk"
EOF
./test-api --refused "bash '$tmp/shrink'" EIO "$uri"
