#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# data-digest=none is possible everywhere; others are agreed upon where
# libiscsi has them, and else refused with a sentence.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
start_nbdkit iscsi "$url" data-digest=none
equal size "$(nbdinfo --size "$uri")" 1048576
stop_nbdkit
if grep -q '^iscsi_data_digest=yes$' < <(nbdkit iscsi --dump-plugin); then
  start_nbdkit iscsi "$url" data-digest=none-crc32c
  equal size "$(nbdinfo --size "$uri")" 1048576
else
  refused iscsi "$url" data-digest=crc32c
  shows 'data-digest=crc32c.*libiscsi' "$tmp/refused.log"
fi
