#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The target is gone for good: requests are held for recovery-timeout, fail
# then, and new ones at once.  When it is back, so is the disk, over the same
# NBD connection.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 128M
start_nbdkit iscsi "$url" recovery-timeout=3
start_load --seconds 3600 --max-errors any --backing "$disk" --read-back "$uri"
kill_tgtd
killed=$(now)
wait_until grep -q 'Input/output error' "$tmp/load.log"
within "first error" $(($(now) - killed)) "3 s" 15
grep -v ^histogram "$tmp/load.log"

# A client that comes now is not left to wait, nor turned away for ever.
before=$(now)
nbdinfo --size "$uri" || true
within "a new client" $(($(now) - before)) "15 s" 60
sleep 1
restart_tgtd
restarted=$(now)
wait_until nbdinfo --size "$uri"
measured "a new client is served again" $(($(now) - restarted)) "1.5 s"
load_goes_on
end_load
equal "what the client saw" "$(grep -o 'errno=.*' "$tmp/load.out" |
  sed 's/:.*//')" errno=EIO
[ "$(loaded back)" -gt "$(loaded last-error)" ] ||
  fail "the load never worked again"
