#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A portal that answers the login with another kind of PDU, data for a task that
# there is not: one sentence, and the server lives.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --rule 'login times=0 data 0011223344556677'
refused iscsi "$url" login-timeout=20
shows 'is no answer to a login' "$tmp/refused.log"

# The same while a server is running.
scripted rules clear
start_nbdkit iscsi "$url" recovery-timeout=2
run_nbdsh -u "$uri" -c - <<END
from scripted_client import fails, insist, tell

h.pread(512, 0)
tell("rule login times=0 data 0011223344556677")
tell("drop")
fails(h.pread, 512, 0)
tell("rules clear")
insist(h.pread, 512, 0)
END
