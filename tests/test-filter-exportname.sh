#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The exportname filter asks for the list and the default of a target.

. "${0%/*}/functions.sh"
requires_tgtd
requires_filter exportname
requires nbdinfo --version

set -x
start_tgtd
add_target
truncate -s 1M "$tmp/1"
truncate -s 2M "$tmp/2"
add_lun 1 "$tmp/1"
add_lun 2 "$tmp/2"
start_nbdkit --filter=exportname iscsi "iscsi://$portal/$iqn" \
             default-export=2 exportname-list=keep
equal size "$(nbdinfo --size "$uri")" $((2 << 20))
nbdinfo --list "$uri"
