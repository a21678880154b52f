#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A server that has served and is ended says nothing without -v.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires nbdcopy --version

set -x
disk_of 1M
start_nbdkit iscsi "$url"
nbdinfo "$uri"
nbdcopy "$uri" null:
stop_nbdkit
equal "what is said" "$(said_by_plugin "$nbdkit_log")" ""
