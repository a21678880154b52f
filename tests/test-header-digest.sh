#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Header digests: what is offered and what the target wants come together, and
# data go over it.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
disk_of 1M

# serve DIGEST PARAMETER...: it works, with the digest that was agreed upon.
serve ()
{
  start_nbdkit -v -D iscsi.pdu=10 iscsi "${@:2}"
  run_nbdsh -u "$uri" -c 'h.pwrite(b"x" * 70000, 512)' \
            -c 'assert h.pread(70000, 512) == b"x" * 70000'
  stop_nbdkit
  shows "LoginReply: HeaderDigest=$1( |$)" "$nbdkit_log"
}

# tgtd with CRC32C takes None as well, but prefers CRC32C.
tgt --mode target --op update --tid 1 -n HeaderDigest -v CRC32C
serve CRC32C "$url"
serve CRC32C "$url" header-digest=crc32c
serve CRC32C "$url" header-digest=crc32c-none
serve CRC32C "$url" header-digest=none-crc32c
serve None "$url" header-digest=none
serve CRC32C "$url?header_digest=crc32c"
serve None "$url?header_digest=none"
# The parameter beats the URL.
serve CRC32C "$url?header_digest=none" header-digest=crc32c
serve None header-digest=none "$url?header_digest=crc32c"

tgt --mode target --op update --tid 1 -n HeaderDigest -v None
serve None "$url"
serve None "$url" header-digest=none
serve None "$url" header-digest=crc32c-none
