#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The target restarts and takes fewer sessions than before: those clients whose
# session does not come back are served over the others.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url" sessions=3 recovery-timeout=2
run_nbdsh -c - <<END
from scripted_client import await_sessions, insist, tell

handles = [nbd.NBD() for _ in range(3)]
for h in handles:
    h.connect_uri("$uri")
    h.pread(512, 0)
await_sessions(3)
tell("set max-sessions=1")
tell("drop")
# A write on the way would stop all that follow (loose-ends): let reads find
# out.
for h in handles:
    insist(h.pread, 512, 0)
for i, h in enumerate(handles):
    insist(h.pwrite, bytes([i + 1]) * 4096, i * 4096)
    assert h.pread(4096, i * 4096) == bytes([i + 1]) * 4096
print(tell("status"))
END
equal "sessions" "$(scripted_fact sessions)" 1
