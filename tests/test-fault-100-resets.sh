#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A hundred resets in a row under load leave nothing behind: no error, no
# memory, no open file, no thread.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd

resets=100
if [ "${UNDER_VALGRIND:-}" = 1 ]; then resets=10; fi

disk_of 128M
start_proxy
# One session, so that a reset meets it whenever there is a connection.
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn/1" sessions=1

reset_times ()
{
  local i bytes

  for ((i = 0; i < $1; i++)); do
    wait_until proxied connections -ge 1
    # Past the login: the load is under way again.
    bytes=$(proxy_fact up)
    wait_until proxied up -gt $((bytes + 300000))
    proxy reset
  done
}

start_load --seconds 3600 --backing "$disk" --read-back "$uri"
# What the first few cost is not a leak.
reset_times 10
sleep 1
rss=$(server_rss)
fds=$(server_fds)
threads=$(server_threads)
reset_times $resets
bytes=$(proxy_fact up)
wait_until proxied up -gt $((bytes + 300000))
sleep 1
grown=$(($(server_rss) - rss))
echo "measured: test-fault-100-resets: growth of RSS: $grown KiB," \
     "required 2048 KiB"
equal "open files" "$(server_fds)" "$fds"
equal "threads" "$(server_threads)" "$threads"
end_load
within "longest stall" "$(loaded stall)" "0.5 s" 15
if [ "${SANITIZER:-none}" = none ] && [ "${UNDER_VALGRIND:-}" != 1 ]; then
  [ $grown -lt 4096 ] || fail "memory grew by $grown KiB"
fi
