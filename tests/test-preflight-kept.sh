#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# preflight=false, and the target is not there at the start: the first client
# that gets in has the LUN kept in use from then on, as part of its own open.
# The others do not wait for that.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set login-ua=0 --rule "login times=0 login 0203"
start_nbdkit iscsi "$url" preflight=false sessions=1 timeout=600
wait_until grep -q 'there is no target' "$nbdkit_log"
scripted rules clear
# That of the first client is answered, and that of the hold is not.
scripted rule "modesense skip=1 hold"
run_nbdsh -u "$uri" -c 'h.pread(512, 0)' &
first=$!
wait_until scripted_has held -eq 1
run_nbdsh -u "$uri" -c 'h.pread(512, 0)'
equal "questions without an answer" "$(scripted_fact held)" 1
kill -0 $first || fail "the first client did not wait"
scripted release
wait $first
said 0 'session lost'

# It is in use, whoever leaves: the session stays.
sleep 3
equal "sessions" "$(scripted_fact sessions)" 1
