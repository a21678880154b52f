#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A session ends together with the answer to any of the commands that look at
# the LUN when the server starts: it serves, or says why not.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
for end in close drop "reject 04" "async 1" "async 4" "logout 1" "logout 4"; do
  for skip in 0 1 2 5 9 12 13 14 15 16; do
    scripted rules clear
    scripted rule scsi skip=$skip "last-$end"
    status=0
    nbdkit --foreground -U - iscsi "$url" timeout=2 login-timeout=5 \
           --run true >"$tmp/out" 2>&1 || status=$?
    [ $status -le 1 ] || fail "$end $skip: status $status"
    if [ $status -eq 1 ]; then shows 'error: ' "$tmp/out"; fi
  done
done
