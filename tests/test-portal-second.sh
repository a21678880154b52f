#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# portal=HOST:PORT: where the URL's portal does not answer, another one does.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
good=$portal
# A port where nobody listens any longer.
add_portal
tgt --mode portal --op delete --param "portal=$portal"
refused iscsi "iscsi://$portal/$iqn/1"
start_nbdkit iscsi "iscsi://$portal/$iqn/1" portal="$good"
equal size "$(nbdinfo --size "$uri")" 1048576
