#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A server that has served nobody, and one whose clients are gone, end well and
# log out.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
start_nbdkit iscsi "$url"
tgt --mode target --op show >"$tmp/show"
shows 'Connection:' "$tmp/show"
stop_nbdkit
tgt --mode target --op show >"$tmp/show"
shows_not 'Connection:' "$tmp/show"

start_nbdkit iscsi "$url"
nbdinfo "$uri"
stop_nbdkit
tgt --mode target --op show >"$tmp/show"
shows_not 'Connection:' "$tmp/show"
