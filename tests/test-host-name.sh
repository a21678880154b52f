#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A portal by name: every address that the name has is tried.

. "${0%/*}/functions.sh"
requires_tgtd
# A tree fresh from debootstrap may have no /etc/hosts.
requires getent ahosts localhost
requires nbdinfo --version

set -x
# localhost is ::1 and 127.0.0.1 on most machines: whichever it is not.
disk_of 1M
start_nbdkit iscsi "iscsi://localhost:${portal##*:}/$iqn/1"
equal size "$(nbdinfo --size "$uri")" 1048576
