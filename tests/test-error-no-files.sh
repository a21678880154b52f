#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Without a file descriptor to spare the server says so, whatever it wanted it
# for.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
if [ "${SANITIZER:-none}" = tsan ]; then
  skip "not tried: ThreadSanitizer has files of its own"
fi
if [ "${UNDER_VALGRIND:-}" = 1 ]; then
  skip "valgrind has files of its own"
fi

# LeakSanitizer, at the exit, holds the lock of its report while it opens it.
# That fails; so it aborts, and to tell of that it waits for the lock, for ever.
export ASAN_OPTIONS=detect_leaks=0

# It has ended, or its LUN has been found and is kept.
is_decided ()
{
  ! kill -0 "$server" 2>/dev/null || scripted_has logins -ge $((before + 2))
}

# With ever more of them, until it serves.
start_scripted
for ((n = 5; n < 64; n++)); do
  before=$(scripted_fact logins)
  (ulimit -n $n
   exec nbdkit --foreground -U "$tmp/sock$n" iscsi "$url") \
    </dev/null >"$tmp/out" 2>&1 &
  server=$!
  cleanup_fn end_process $server
  wait_until is_decided
  kill "$server" 2>/dev/null || true
  wait "$server" || true
  cat "$tmp/out" >>"$tmp/all"
  grep -q 'Too many open files\|cannot open shared object' "$tmp/out" || break
done
cat "$tmp/all"
shows_not 'cannot' "$tmp/out"
shows 'error: cannot make an eventfd: Too many open files' "$tmp/all"
shows 'error: .*: cannot connect: Too many open files' "$tmp/all"
