#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The debug flags -D iscsi.* exist, and are quiet unless they are given.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
start_nbdkit iscsi "$url"
nbdinfo "$uri"
stop_nbdkit
equal "what is said without -v" "$(said_by_plugin "$nbdkit_log")" ""

for flag in session scsi pdu; do
  start_nbdkit -v iscsi "$url"
  nbdinfo "$uri" >/dev/null
  stop_nbdkit
  quiet=$(wc -l <"$nbdkit_log")
  start_nbdkit -v -D iscsi.$flag=1 iscsi "$url"
  nbdinfo "$uri" >/dev/null
  stop_nbdkit
  [ "$(wc -l <"$nbdkit_log")" -gt "$quiet" ] ||
    fail "-D iscsi.$flag=1 says nothing"
done
shows_not 'debug: unrecognized' "$nbdkit_log"
