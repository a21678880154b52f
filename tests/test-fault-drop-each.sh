#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that drops the session whenever it is asked to read: the read
# fails at recovery-timeout, and meanwhile the logins come ever more slowly.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url" recovery-timeout=4
scripted rule read times=0 drop
logins=$(scripted_fact logins)
before=$(now)
if run_nbdsh -u "$uri" -c 'h.pread(512, 0)' 2>"$tmp/read.err"; then
  fail "a read worked that the target never answered"
fi
within "read that drops the session each time" $(($(now) - before)) "4 s" 20
shows 'Input/output error' "$tmp/read.err"
logins=$(($(scripted_fact logins) - logins))
echo "$logins logins"
if [ "$logins" -gt 20 ]; then fail "$logins logins in 4 s"; fi

# It is the command that is given up, not the session.
scripted rules clear
run_nbdsh -u "$uri" -c 'h.pread(512, 0)'
