#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN that refused to tell its identity when it was opened, and tells one to
# the next client: it may be another one, and nothing is written to it.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set login-ua=0
scripted rule vpd times=0 check 5/2400
start_nbdkit iscsi "$url"
run_nbdsh -u "$uri" -c 'h.pwrite(b"1" * 512, 0)'
scripted rules clear
if run_nbdsh -u "$uri" -c 'h.pwrite(b"2" * 512, 0)' 2>"$tmp/second.err"; then
  fail "another LUN was written to"
fi
shows 'gives an identity now, and gave none before' "$nbdkit_log"
equal "first byte of the disk" "$(head -c 1 "$disk")" 1
