#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The connection ends in the middle of a PDU, at any byte, with a reset or in
# good order, in either direction.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 128M
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1"
start_load --seconds 3600 --backing "$disk" --read-back "$uri"
for bytes in 1 47 48 49 100 1000 8191 65537 200001; do
  for how in "up" "down"; do
    for end in "" fin; do
      killed=$(proxy_fact killed)
      proxy cut $how $bytes $end
      wait_until proxied killed -gt "$killed"
      # Back at work.
      wait_until proxied connections -ge 1
      up=$(proxy_fact up)
      wait_until proxied up -gt $((up + 200000))
    done
  done
done
end_load
within "longest stall" "$(loaded stall)" "0.5 s" 15
