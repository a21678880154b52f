#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The target is killed in the middle of the load and is back 2 seconds later:
# no client sees an error.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 128M
start_nbdkit iscsi "$url"
start_load --connections 2 --seconds 8 --backing "$disk" --read-back "$uri"
sleep 1
kill_tgtd
killed=$(now)
sleep 2
restart_tgtd
outage=$(($(now) - killed))
finish_load
within "stall beyond the outage" $(($(loaded stall) - outage)) "0.5 s" 10
