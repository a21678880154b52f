#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The load of the fault tests must see what is wrong, or they prove nothing:
# data that never arrive, errors, a hang, a dropped connection, a backing
# file that is not what was written.

. "${0%/*}/functions.sh"
workload=$abs_top_builddir/tests/workload
requires test -x "$workload"
requires nbdkit null --version
requires_filter error
requires_filter delay

# ends STATUS PATTERN NBDKIT-ARGS... -- OPTIONS...
ends ()
{
  local expected=$1 pattern=$2
  local args=()

  shift 2
  while [ "$1" != -- ]; do
    args+=("$1")
    shift
  done
  shift
  # Not the status of nbdkit, which may assert when a client goes away.
  nbdkit -U - "${args[@]}" \
         --run "'$workload' $* --slots 64 --ops 400 --block-size 4096 \"\$uri\"
                echo \$? >'$tmp/status'" \
         >"$tmp/out.log" 2>"$tmp/err.log" || true
  cat "$tmp/out.log"
  equal "status of the load on ${args[*]}" "$(cat "$tmp/status")" "$expected"
  shows "$pattern" "$tmp/out.log"
}

truncate -s 1M "$tmp/disk" "$tmp/other"
ends 0 'errors=0 wrong=0 dropped=0.* backing=[1-9][0-9]' file "$tmp/disk" -- \
     --backing "$tmp/disk" --read-back --connections 3 --depth 4
ends 0 'errors=0 wrong=0' memory 1M -- --offset 77 --read-back
ends 1 'wrong=[1-9].* fill=' null 1M --
ends 1 'wrong=[1-9].* fill=[1-9]' file "$tmp/disk" -- --backing "$tmp/other"
ends 1 'errors=[1-9].* wrong=0.*errno=EIO' \
     --filter=error memory 1M error-pread-rate=20% --
ends 0 'errors=[1-9].* wrong=0.*errno=ENOSPC' \
     --filter=error file "$tmp/disk" error-pwrite-rate=20% error=ENOSPC -- \
     --max-errors any --error-pause 0 --read-back --backing "$tmp/disk"
ends 3 'errors=0' --filter=delay memory 1M delay-write=30 -- --stall-limit 0.5

# The server dies.
mkfifo "$tmp/started"
nbdkit -U "$tmp/sock" -P "$tmp/pid" memory 1M
status=0
"$workload" --slots 64 --block-size 4096 --seconds 60 --histogram 100 \
            "nbd+unix:///?socket=$tmp/sock" \
            >"$tmp/out.log" 2>"$tmp/err.log" &
load=$!
wait_until grep -q 'ops=[1-9]' "$tmp/err.log"
kill -KILL "$(cat "$tmp/pid")"
wait $load || status=$?
equal "status when the server died" $status 1
shows 'dropped=1' "$tmp/out.log"
