#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Random faults for SOAK_MINUTES (10) under the load of 64 clients: the
# model-checked load over 56 connections on one half of the disk, fio's
# verify over 8 on the other.  No error is allowed, and what the server uses
# must not grow.  Each client has SOAK_DEPTH (16) requests in flight.
# SOAK_SEED repeats a sequence of faults.
#
#   make soak SOAK_MINUTES=30

minutes=${SOAK_MINUTES:-10}
TEST_TIMEOUT=$(((minutes * 60 + 600) * 2))
export TEST_TIMEOUT

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd
requires fio --version
if ! grep -qw nbd < <(fio --enghelp); then skip "fio has no nbd engine"; fi

depth=${SOAK_DEPTH:-16}
seed=${SOAK_SEED:-$RANDOM}
echo "soak: $minutes minutes, SOAK_SEED=$seed"
RANDOM=$seed
seconds=$((minutes * 60))

disk_of 256M
set_lun 1 thin_provisioning=1
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" \
             noop-interval=1 noop-timeout=2
end=$((SECONDS + seconds))

start_load --connections 56 --depth "$depth" --block-size 16K --slots 8192 \
           --seconds "$seconds" --backing "$disk" --read-back "$uri"

# Each job has 8 MiB of its own in the second half.
fio --name=verify --verify_state_save=0 --ioengine=nbd --uri="$uri" \
    --rw=randwrite --bs=4k --iodepth="$depth" --numjobs=8 --size=8M \
    --offset=128M --offset_increment=8M \
    --verify=crc32c --verify_fatal=1 --do_verify=1 --time_based \
    --runtime="$seconds" --group_reporting --eta=never \
    </dev/null >"$tmp/fio.log" 2>&1 &
fio_pid=$!
cleanup_fn end_process $fio_pid

fault_restart ()
{
  kill_tgtd
  sleep "0.$((RANDOM % 10))"
  restart_tgtd
  set_lun 1 thin_provisioning=1
}

fault_freeze_target ()
{
  kill -STOP "$tgtd_pid"
  sleep $((RANDOM % 6))
  kill -CONT "$tgtd_pid"
}

fault_refuse ()
{
  proxy refuse
  proxy reset
  sleep "$((RANDOM % 3)).$((RANDOM % 10))"
  proxy accept
}

fault_one ()
{
  local ids
  IFS=, read -r -a ids <<<"$(proxy_fact ids)"
  if [ ${#ids[@]} -gt 0 ]; then
    proxy "$1" "${ids[RANDOM % ${#ids[@]}]}"
  fi
}

fault_storm ()
{
  proxy reset every $((50 + RANDOM % 300))
  sleep $((RANDOM % 4))
  proxy reset every 0
}

# One fault at random.
fault ()
{
  local way=up
  if [ $((RANDOM % 2)) = 0 ]; then way=down; fi

  case $((RANDOM % 13)) in
    0) echo reset; proxy reset ;;
    1) echo "reset one"; fault_one reset ;;
    2) echo close; proxy close ;;
    3|4) echo "cut $way"; proxy cut $way $((1 + RANDOM * 8)) ;;
    5) echo "cut $way fin"; proxy cut $way $((1 + RANDOM * 8)) fin ;;
    6) echo freeze; proxy freeze ;;
    7) echo "freeze one"; fault_one freeze ;;
    8) echo "stall $way"; proxy stall $way ;;
    9) echo blackhole; proxy blackhole 2; proxy reset ;;
    10) echo refuse; fault_refuse ;;
    11) echo storm; fault_storm ;;
    12) case $((RANDOM % 3)) in
          0) echo restart; fault_restart ;;
          1) echo "freeze target"; fault_freeze_target ;;
          2) echo delay; proxy delay $((RANDOM % 2000)); sleep 2
             proxy delay 0 ;;
        esac ;;
  esac
}

faults=0
report=$SECONDS
baseline=
while [ $SECONDS -lt $end ]; do
  fault >>"$tmp/faults.log"
  faults=$((faults + 1))
  sleep "$((RANDOM % 4)).$((RANDOM % 10))"
  kill -0 "$load_pid" 2>/dev/null || break
  kill -0 "$fio_pid" 2>/dev/null || break
  if [ $SECONDS -ge $((report + 30)) ]; then
    report=$SECONDS
    echo "soak: $((end - SECONDS)) s left, $faults faults," \
         "RSS $(server_rss) KiB, $(server_fds) files," \
         "$(server_threads) threads"
    if [ -z "$baseline" ]; then baseline=$(server_rss); fi
  fi
done

# What is frozen now would be noticed, but the load should end.
proxy accept
status=0
finish_load
wait "$fio_pid" || status=$?
grep -E 'write:|read:|err=' "$tmp/fio.log" || true
sort "$tmp/faults.log" | uniq -c
equal "status of fio" $status 0
echo "soak: $faults faults, longest stall $(loaded stall) ms," \
     "slowest request $(loaded max) ms"
if [ -n "$baseline" ] && [ "${SANITIZER:-none}" = none ]; then
  grown=$(($(server_rss) - baseline))
  echo "soak: RSS grew by $grown KiB since the first half minute"
  [ $grown -lt 16384 ] || fail "memory grew by $grown KiB"
fi
