#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# After an error the NBD connection is as good as before: writes of every kind
# to a LUN that has just become write-protected get EPERM, beside reads that go
# on (test-api.c).

. "${0%/*}/functions.sh"
requires_tgtd
requires test -x ./test-api

set -x
disk_of 8M
start_nbdkit iscsi "$url"
protect=$(tgt_command --mode logicalunit --op update --tid 1 --lun 1 \
                      --params readonly=1)
./test-api --refused "$protect" EPERM "$uri"
