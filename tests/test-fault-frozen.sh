#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The target freezes for a while: no error.  It freezes for good: EIO at
# recovery-timeout after the loss was noticed, and it heals by itself.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

disk_of 128M
start_nbdkit iscsi "$url" noop-interval=1 noop-timeout=1 recovery-timeout=6
start_load --seconds 3600 --max-errors any --backing "$disk" --read-back "$uri"

# Short: within the time that requests are held.
kill -STOP "$tgtd_pid"
sleep 4
kill -CONT "$tgtd_pid"
sleep 2
if grep -q 'Input/output' "$tmp/load.log"; then
  fail "an error in a short freeze"
fi

# Long.
kill -STOP "$tgtd_pid"
stopped=$(now)
wait_until grep -q 'Input/output error' "$tmp/load.log"
within "first error" $(($(now) - stopped)) "8 s (2 to notice, 6 held)" 40
kill -CONT "$tgtd_pid"
load_goes_on
end_load
equal "what the client saw" "$(grep -o 'errno=.*' "$tmp/load.out" |
  sed 's/:.*//')" errno=EIO
nbdinfo --size "$uri"
[ "$(loaded back)" -gt "$(loaded last-error)" ] ||
  fail "the load never worked again"
