#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that wants no CHAP is served whatever LIBISCSI_CHAP_* say.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
LIBISCSI_CHAP_USERNAME=bob LIBISCSI_CHAP_PASSWORD=an-adequate-secret \
  start_nbdkit iscsi "$url"
equal size "$(nbdinfo --size "$uri")" 1048576
