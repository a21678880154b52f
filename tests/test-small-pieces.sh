#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A socket that takes and gives little at a time, or nothing, wherever that
# ends, in headers too: nothing is wrong, nothing is lost, whichever way the
# data of writes go.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

truncate -s 16M "$tmp/disk"
start_tgtd
add_target
add_lun 1 "$tmp/disk"

# try BYTES INITIAL-R2T IMMEDIATE-DATA DIGEST: BYTES of data in a PDU; what is
# no multiple of four has pad bytes.
try ()
{
  local key

  for key in MaxRecvDataSegmentLength="$1" FirstBurstLength="$((4 * $1))" \
             InitialR2T="$2" ImmediateData="$3" HeaderDigest="$4"; do
    tgt --mode target --op update --tid 1 -n "${key%=*}" -v "${key#*=}"
  done
  LD_PRELOAD=$abs_top_builddir/tests/.libs/small-pieces.so \
    start_nbdkit iscsi "iscsi://$portal/$iqn/1" noop-interval=0 timeout=120
  load --connections 2 --depth 8 --slots 128 --ops 300 --offset 77 \
       --block-size 60000 --backing "$tmp/disk" --read-back "$uri"
  stop_nbdkit
  shows_not 'session lost' "$nbdkit_log"
  shows 'small pieces: [1-9][0-9]+ sent, [1-9][0-9]+ received' "$nbdkit_log"
}

try 8192 No Yes CRC32C
try 4095 No No None
try 8190 Yes Yes CRC32C
try 8192 Yes No None
