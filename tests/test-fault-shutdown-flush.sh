#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# SIGTERM comes while a slow SYNCHRONIZE CACHE is under way and the target
# answers: the client is told that it succeeded.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --rule "flush times=0 slow 2000"
start_nbdkit iscsi "$url"
run_nbdsh -u "$uri" -c - <<END
import os, signal
from scripted_client import await_end, tell

h.pwrite(b"1" * 4096, 0)
ended = []
h.aio_flush(completion=lambda e: ended.append(e.value) or 1)
while "flush=1" not in tell("status").split():
    h.poll(20)
os.kill($nbdkit_pid, signal.SIGTERM)
assert await_end(h, ended) == 0, ended
END
start=$(now)
stop_nbdkit
within "end of the server" $(($(now) - start)) "5 s" 30
