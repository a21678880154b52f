#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A URL with a LUN: that is the export, whatever name the client asks for.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
start_nbdkit iscsi "$url"
for name in "" 2 anything; do
  equal size "$(nbdinfo --size "nbd+unix:///$name?socket=$sock")" 1048576
done
