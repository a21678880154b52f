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
delete=$(tgt_command --mode logicalunit --tid 1 --lun 1 --op delete)
new=$(tgt_command --mode logicalunit --tid 1 --lun 1 --op new -b "$disk")
./test-api --refused "$delete && truncate -s 4M '$disk' && $new" EIO "$uri"
