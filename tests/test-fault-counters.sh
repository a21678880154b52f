#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Under -v, the server says at its end what it went through.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 128M
start_proxy
start_nbdkit -v iscsi "iscsi://$proxy_portal/$iqn/1"
start_load --seconds 2 --block-size 4096 "$uri"
proxy reset
finish_load
stop_nbdkit
grep -E 'commands.*bytes.*(loss|lost|losses)' "$nbdkit_log"
grep -E 'longest stall' "$nbdkit_log"
