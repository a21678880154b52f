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

# Each is shown or counted.
all_told ()
{
  local shown hidden

  shown=$(grep -c 'error: LUN 1' "$nbdkit_log" || true)
  hidden=$(sed -nE 's/.*error: ([0-9]+) further errors.*/\1/p' "$nbdkit_log" |
             awk '{ n += $1 } END { print n + 0 }')
  [ $((shown + hidden)) = 30 ]
}

set -x
start_scripted
start_nbdkit iscsi "$url"
fail_often
wait_until grep -q 'further errors were not shown' "$nbdkit_log"
wait_until all_told

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
all_told
shows 'further errors were not shown' "$nbdkit_log"
