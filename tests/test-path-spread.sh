#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# 16 connections and sessions=16, where a login takes 1 s: when all sessions are
# there each carries one connection.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set login-ms=1000
start_nbdkit iscsi "$url" sessions=16
run_nbdsh -c - <<END
import threading
import time
from scripted_client import tell

def start(h):
    h.connect_uri("$uri")
    h.pread(512, 0)

handles = [nbd.NBD() for _ in range(16)]
threads = [threading.Thread(target=start, args=[h]) for h in handles]
for t in threads:
    t.start()
for t in threads:
    t.join()
while "sessions=16" not in tell("status").split():
    time.sleep(0.05)
time.sleep(1)
for h in handles:             # it takes its new place
    h.pread(512, 0)

# So many sessions have a read that the target holds.
tell("rule read times=16 hold")
ended = []
for h in handles:
    h.aio_pread(nbd.Buffer(512), 0,
                completion=lambda e: ended.append(e.value) or 1)
    h.poll(0)
while "held=16" not in tell("status").split():
    for h in handles:
        h.poll(1)
status = tell("status")
assert "holders=16" in status.split(), status
tell("release")
while len(ended) < 16:
    for h in handles:
        h.poll(1)
assert ended == [0] * 16, ended
END
