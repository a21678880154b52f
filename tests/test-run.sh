#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdkit -U - --run: the exit status is that of the command.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
nbdkit -U - iscsi "$url" --run 'nbdinfo "$uri"'
equal size "$(nbdkit -U - iscsi "$url" --run 'nbdinfo --size "$uri"')" 1048576
nbdkit -U - iscsi "url=$url" --run 'nbdinfo --map --totals "$uri"'
status=0
nbdkit -U - iscsi "$url" --run 'exit 7' || status=$?
equal "the status" $status 7
