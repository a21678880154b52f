#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# 16 connections and sessions=16, where a login takes 1 s: when all sessions are
# there each carries one connection.  And where the target has room for 5 each
# carries 3 or 4, whoever was refused one.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

# spread ROOM MOST: so many sessions, and connections over one at most.
spread ()
{
  start_scripted --set login-ms=1000 --set "max-sessions=$1"
  start_nbdkit iscsi "$url" sessions=16
  run_nbdsh -c - <<END
import threading
import time
from scripted_client import tell

room, most = $1, $2

def start(h):
    h.connect_uri("$uri")
    h.pread(512, 0)

handles = [nbd.NBD() for _ in range(16)]
threads = [threading.Thread(target=start, args=[h]) for h in handles]
for t in threads:
    t.start()
for t in threads:
    t.join()
while f"sessions={room}" not in tell("status").split():
    time.sleep(0.05)
time.sleep(1)
for _ in range(3):
    for h in handles:           # it takes its new place
        h.pread(512, 0)

# What the target holds of each session.
tell("rule read times=16 hold")
ended = []
for h in handles:
    h.aio_pread(nbd.Buffer(512), 0,
                completion=lambda e: ended.append(e.value) or 1)
    h.poll(0)
while "held=16" not in tell("status").split():
    for h in handles:
        h.poll(1)
status = tell("status").split()
tell("release")
while len(ended) < 16:
    for h in handles:
        h.poll(1)
assert ended == [0] * 16, ended
assert f"holders={room}" in status and f"most-held={most}" in status, status
END
  stop_nbdkit
}

spread 16 1
spread 5 4
