#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# With a header digest, a header that changed on its way ends the session;
# what was asked for is asked again.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 64M
random_data 67108864 "$disk"
tgt --mode target --op update --tid 1 -n HeaderDigest -v CRC32C
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" header-digest=crc32c
# Reads only: everything that goes up is headers and their digests.
nbdcopy --request-size=65536 "$uri" "$tmp/copy" &
copy=$!
cleanup_fn end_process $copy
for ((i = 0; i < 5; i++)); do
  proxy corrupt up $((1 + RANDOM % 500))
  sleep 0.2
done
wait $copy
cmp "$disk" "$tmp/copy"
echo "sessions lost: $(grep -c 'session lost' "$nbdkit_log" || true)"
