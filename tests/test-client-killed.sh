#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A client that is killed while it reads ends an nbdkit before 1.33.10, and
# the plugin has said so at start; with -t 1 or --filter=noparallel, and with
# a newer nbdkit, the server goes on, and of a newer one nothing is said, nor
# with --run, where there is no other client.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_filter noparallel

version=$(nbdkit --dump-config | sed -n 's/^version=//p')
mended=$(printf '%s\n' 1.33.10 "$version" | sort -V | head -n 1)
warning='older than 1\.34: a client that is killed while it reads'

# Asks for 64 MiB at once, and dies with the first answer.
kill_a_client ()
{
  run_nbdsh -u "$uri" -c - <<'END'
import os, signal

size = 1 << 20
buffers = [nbd.Buffer(size) for i in range(64)]
for i, buffer in enumerate(buffers):
    h.aio_pread(buffer, i * size)
while not h.aio_peek_command_completed():
    h.poll(-1)
os.kill(os.getpid(), signal.SIGKILL)
END
}

survives ()
{
  local i status

  start_nbdkit "$@" iscsi "$url"
  for ((i = 0; i < 20; i++)); do
    status=0
    kill_a_client || status=$?
    equal "how the client ended" $status $((128 + 9))
    nbdinfo --size "$uri" || fail "nbdkit $* ended: client $i was killed"
  done
  stop_nbdkit
}

# An end by SIGABRT is what is expected, once.
dies ()
{
  local i status=0

  ulimit -c 0
  start_nbdkit iscsi "$url"
  # stop_nbdkit would insist on a good end.
  nbdkit_stopped[$nbdkit_pid]=1
  cleanup_fn kill_server $nbdkit_pid
  for ((i = 0; i < 200; i++)); do
    # The next one finds no server.
    kill_a_client || true
    kill -0 $nbdkit_pid 2>/dev/null || break
  done
  [ $i -lt 200 ] ||
    fail "nbdkit $version goes on: it was mended, and the warning is wrong"
  wait $nbdkit_pid || status=$?
  equal "the exit status of nbdkit" $status $((128 + 6))
  shows 'raw_send_socket: Assertion' "$nbdkit_log"
  shows "$warning" "$nbdkit_log"
  equal "the number of warnings" "$(grep -c "$warning" "$nbdkit_log")" 1
  echo "nbdkit $version ended when client $i was killed"
}

kill_server ()
{
  kill -KILL "$1" 2>/dev/null || true
}

set -x
disk_of 256M
random_data $((64 * 1024 * 1024)) "$disk"
truncate -s 256M "$disk"
nbdkit -U - iscsi "$url" --run 'nbdinfo --size "$uri"' >"$tmp/run.log" 2>&1
equal "what is said with --run" "$(cat "$tmp/run.log")" $((256 * 1024 * 1024))
if [ "$mended" = 1.33.10 ]; then
  survives
  shows_not 'older than' "$nbdkit_log"
else
  survives -t 1
  survives --filter=noparallel
  dies
fi
