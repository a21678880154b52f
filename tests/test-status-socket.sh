#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The socket of the status is its owner's alone, is removed at the end, in the
# background too, and replaces one that was left behind, but nothing else.

. "${0%/*}/functions.sh"
# shellcheck source=status-functions.sh
. "${0%/*}/status-functions.sh"
requires_tgtd
requires_status

set -x
disk_of 1M

# Whatever the umask.
umask 0
start_nbdkit iscsi "$url" status-socket="$status_socket"
umask 022
equal "its mode" "$(stat -c %A "$status_socket")" srw-------
read_status

# It is in use.
refused iscsi "$url" status-socket="$status_socket"
shows 'status-socket: .*/status: Address already in use: another server' \
      "$tmp/refused.log"
read_status
stop_nbdkit
if [ -e "$status_socket" ]; then fail "the socket is left behind"; fi

# What is no socket stays; and where none can be made.
echo precious >"$status_socket"
refused iscsi "$url" status-socket="$status_socket"
shows 'another kind of file' "$tmp/refused.log"
equal "the file" "$(cat "$status_socket")" precious
rm "$status_socket"
refused iscsi "$url" status-socket="$tmp/none/status"
shows 'No such file or directory' "$tmp/refused.log"
refused iscsi "$url" status-socket="$tmp/$(printf '%0100d' 0)"
shows 'longer than the 107 bytes' "$tmp/refused.log"

# Of a server that was killed.
start_nbdkit iscsi "$url" status-socket="$status_socket"
kill -KILL "$nbdkit_pid"
wait "$nbdkit_pid" || true
nbdkit_stopped[$nbdkit_pid]=1
test -S "$status_socket"
start_nbdkit iscsi "$url" status-socket="$status_socket"
read_status
stop_nbdkit
if [ -e "$status_socket" ]; then fail "the socket is left behind"; fi

# In the background, with a name that was relative before.
cd "$tmp"
nbdkit -U "$tmp/sock" -P "$tmp/pid" iscsi "$url" status-socket=status
wait_until [ -s "$tmp/pid" ]
pid=$(cat "$tmp/pid")
end_daemon ()
{
  kill "$pid" 2>/dev/null || true
  wait_until eval "! kill -0 $pid"
}
cleanup_fn end_daemon
await_lun
equal size "$(fact size_bytes)" 1048576
end_daemon
if [ -e "$status_socket" ]; then fail "the socket is left behind"; fi

# One whose target is not there has something to tell, too.
start_nbdkit iscsi "iscsi://127.0.0.1:1/$iqn/1" preflight=false \
             status-socket="$status_socket"
equal "sessions that are up" "$(fact sessions_up)" 0
stop_nbdkit
# Without --run or clients: the end of a start that fails.
refused iscsi "iscsi://127.0.0.1:1/$iqn/1" status-socket="$status_socket"
if [ -e "$status_socket" ]; then fail "the socket is left behind"; fi
