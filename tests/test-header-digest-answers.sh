#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A digest that is demanded, and an answer that is not exactly that: libiscsi
# would use none.  A digest that was ruled out is not taken either.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

digests=(header-digest)
if grep -q '^iscsi_data_digest=yes$' < <(nbdkit iscsi --dump-plugin); then
  digests+=(data-digest)
fi
for digest in "${digests[@]}"; do
  for answer in None "" CRC32C,None None,CRC32C CRC32CX crc32c Reject; do
    start_scripted --set "$digest"="$answer"
    refused iscsi "$url" "$digest"=crc32c
    shows "the target (has no ${digest/-/ }|rejects $digest=crc32c)" \
          "$tmp/refused.log"
  done
  start_scripted --set "$digest"=CRC32C
  refused iscsi "$url" "$digest"=none
  shows "the target insists on a ${digest/-/ }" "$tmp/refused.log"
done
