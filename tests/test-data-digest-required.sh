#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# data-digest=crc32c, and the target has none, or does not say: it is refused
# rather than served without.  With one, it is served.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
if ! grep -q '^iscsi_data_digest=yes$' < <(nbdkit iscsi --dump-plugin); then
  skip "this libiscsi has no data digests (1.20.1 and later have)"
fi

# What the target says to our offer; a real one.
start_scripted
refused iscsi "$url" data-digest=crc32c
shows 'the target has no data digest: data-digest=crc32c cannot be had' \
      "$tmp/refused.log"

start_tgtd
add_target
truncate -s 1M "$tmp/disk"
add_lun 1 "$tmp/disk"
tgt --mode target --op update --tid 1 -n DataDigest -v None
refused iscsi "iscsi://$portal/$iqn/1" data-digest=crc32c
shows 'the target has no data digest' "$tmp/refused.log"
tgt --mode target --op update --tid 1 -n DataDigest -v CRC32C
start_nbdkit iscsi "iscsi://$portal/$iqn/1" data-digest=crc32c
run_nbdsh -u "$uri" -c 'h.pwrite(b"1" * 65536, 0)' \
          -c 'assert h.pread(65536, 0) == b"1" * 65536'
