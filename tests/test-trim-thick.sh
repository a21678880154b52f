#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN that is not thin does not offer trim.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 4M
start_nbdkit iscsi "$url"
if nbdinfo --can trim "$uri"; then
  fail "trim is offered"
fi
