#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# With a header digest, a header that changed on its way ends the session;
# what was asked for is asked again.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd
requires nbdcopy --version

disk_of 64M
random_data 67108864 "$disk"
tgt --mode target --op update --tid 1 -n HeaderDigest -v CRC32C
start_proxy
# One session, which is there already: a login has no digests yet.
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" header-digest=crc32c \
             sessions=1
wait_until proxied connections -eq 1
for ((i = 0; i < 5; i++)); do
  # Reads only: everything that goes up is headers and their digests, far
  # more than 500 bytes.
  logins=$(proxy_fact accepted)
  proxy corrupt up $((1 + RANDOM % 500))
  nbdcopy --request-size=65536 "$uri" "$tmp/copy"
  cmp "$disk" "$tmp/copy"
  # Not each loss is logged, but each is followed by a login.
  proxied accepted -gt "$logins" || fail "the session did not end"
done
shows 'session lost' "$nbdkit_log"
