#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# SIGTERM ends the server while a request waits to be tried again, and while
# one is made of many commands that are each answered in good time.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

# while_waiting REQUEST RULE...: SIGTERM while the request is under way.
while_waiting ()
{
  local request=$1

  shift
  start_nbdkit iscsi "$url"
  scripted rule "$@"
  "$PYTHON" -m nbd -u "$uri" -c "$request" 2>"$tmp/request.err" &
  cleanup_fn end_process $!
  wait_until scripted_has "$1" -ge 2
  ends_within TERM "2 s" 10
  scripted rules clear
}

start_scripted --set max-transfer=32
echo "while it is tried again"
while_waiting 'h.pread(512, 0)' read times=0 busy
# 2048 commands, 32 at a time: 25 s if the server waited for all of them.
echo "while it is made of many commands"
while_waiting 'h.pwrite(b"x" * (32 << 20), 0)' write times=0 slow 400
