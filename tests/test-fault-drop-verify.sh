#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that takes logins, answers the first question that follows each, and
# drops the session on the next: the logins come ever more slowly.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url" sessions=1 recovery-timeout=4
logins=$(scripted_fact logins)
before=$(now)
run_nbdsh -u "$uri" -c - <<'END'
from scripted_client import fails, tell
h.pread(512, 0)
tell("rule vpd times=0 drop")
tell("rule read times=1 drop")
fails(h.pread, 512, 0)
tell("rules clear")
h.pread(512, 0)
END
within "read that waits for the LUN" $(($(now) - before)) "4 s" 20
logins=$(($(scripted_fact logins) - logins))
echo "$logins logins"
if [ "$logins" -gt 20 ]; then fail "$logins logins in 4 s"; fi
