#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# What the plugin writes another initiator reads from the target, and the
# other way round.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdcopy --version
requires_qemu_iscsi

set -x
disk_of 8M
random_data $((8 * 1024 * 1024)) "$tmp/data"
start_nbdkit iscsi "$url"

nbdcopy --flush "$tmp/data" "$uri"
qemu-img compare -f raw -F raw "$tmp/data" "$url"
qemu-img compare -f raw -F raw "$uri" "$url"

qemu-io -f raw -c 'write -P 0xa5 1M 64k' -c 'write -P 0x5a 7M 1M' -c flush \
        "$url"
qemu-io -f raw -c 'read -P 0xa5 1M 64k' -c 'read -P 0x5a 7M 1M' "$uri"
qemu-img compare -f raw -F raw "$uri" "$url"
