#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that says it has moved is followed, for the moment or for good.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
# tgtd does not send anybody to the address that he comes from.
requires_ipv6

set -x
truncate -s 1M "$tmp/disk"
start_tgtd '[::1]'
add_target
old_portal=$portal old_socket=$tgt_socket

start_tgtd 127.0.0.1
add_target
add_lun 1 "$tmp/disk"
new_port=${portal##*:} new_socket=$tgt_socket

for reason in Temporary Permanent; do
  tgt_socket=$old_socket
  tgt --mode target --op update --tid 1 -n RedirectAddress -v 127.0.0.1
  tgt --mode target --op update --tid 1 -n RedirectPort -v "$new_port"
  tgt --mode target --op update --tid 1 -n RedirectReason -v $reason
  start_nbdkit iscsi "iscsi://$old_portal/$iqn/1"
  equal size "$(nbdinfo --size "$uri")" 1048576
  # It is there that somebody is logged in.
  tgt_socket=$new_socket
  tgt --mode target --op show >"$tmp/there"
  shows 'Connection:' "$tmp/there"
  stop_nbdkit
done
