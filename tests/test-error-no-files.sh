#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Without a file descriptor to spare the server says so, whatever it wanted it
# for.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
if [ "${UNDER_VALGRIND:-}" = 1 ]; then skip "valgrind has files of its own"; fi

# With ever more of them, until it serves.
start_scripted
for ((n = 5; n < 64; n++)); do
  (ulimit -n $n
   timeout 60 nbdkit --foreground -U - iscsi "$url" --run true \
           </dev/null >"$tmp/out" 2>&1) || true
  cat "$tmp/out" >>"$tmp/all"
  grep -q 'Too many open files\|cannot open shared object' "$tmp/out" || break
done
cat "$tmp/all"
shows_not 'cannot' "$tmp/out"
shows 'error: cannot make an eventfd: Too many open files' "$tmp/all"
shows 'error: .*: cannot connect: Too many open files' "$tmp/all"
