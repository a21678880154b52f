#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# istgt: a portal, a target and a LUN are served.  It never answers a question
# with room for more than 256 KiB.

. "${0%/*}/istgt-functions.sh"
requires_istgt
requires nbdinfo --version

set -x
start_istgt 16MB 1MB
start_nbdkit iscsi "iscsi://$portal"
equal "the list" "$(exports_listed)" "$iqn/0 $iqn/1 "
equal size "$(nbdinfo --size "nbd+unix:///$iqn/1?socket=$sock")" 1048576
stop_nbdkit
start_nbdkit iscsi "iscsi://$portal/$iqn" list=strict timeout=5
equal "the list" "$(exports_listed)" "0 1 "
stop_nbdkit
start_nbdkit iscsi "$url"
check_ends 16777216 512 "$tmp/lun0"
