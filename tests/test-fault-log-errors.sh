#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Of many failing requests some are told, and at the end of the period or of
# the server how many there were more, without another error.  That a session
# is back is no error.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

fail_often ()
{
  scripted rule read times=0 check 3/1100
  run_nbdsh -u "$uri" -c - <<'END'
for i in range(30):
    try:
        h.pread(512, i * 512)
    except nbd.Error:
        pass
    else:
        raise AssertionError("it worked")
END
}

set -x
start_scripted
start_nbdkit iscsi "$url"
fail_often
wait_until grep -q '10 further errors were not shown' "$nbdkit_log"
equal "the errors" "$(said_by_plugin "$nbdkit_log" | wc -l)" 21

scripted drop
wait_until grep -q 'session back' "$nbdkit_log"
shows 'error: .*session lost' "$nbdkit_log"
shows_not 'error: session back' "$nbdkit_log"
grep 'session back' "$nbdkit_log" >"$tmp/back"
shows_not error "$tmp/back"
stop_nbdkit

# In the last period.
start_nbdkit iscsi "$url"
fail_often
stop_nbdkit
shows '10 further errors were not shown' "$nbdkit_log"
