#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# sessions=N: each NBD connection gets an iSCSI session of its own up to N, and
# all of them are logged out in the end.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
disk_of 1M
show=$(tgt_command --mode target --op show)
for sessions in 1 3; do
  start_nbdkit iscsi "$url" sessions=$sessions
  run_nbdsh -c - <<EOF
import subprocess
import time

def count():
    text = subprocess.check_output("$show", shell=True).decode()
    return text.count("Connection:")

# Clients do not wait for a further session.
def await_count(n):
    while count() < n:
        time.sleep(0.05)
    assert count() == n, count()

assert count() == 1, count()
handles = []
for i in range(5):
    h = nbd.NBD()
    h.connect_uri("$uri")
    handles.append(h)
    h.pwrite(bytes([i + 1]) * 512, i * 512)
    await_count(min(i + 1, $sessions))
for i, h in enumerate(handles):
    for j in range(5):
        assert h.pread(512, j * 512) == bytes([j + 1]) * 512
EOF
  stop_nbdkit
  tgt --mode target --op show >"$tmp/show"
  shows_not 'Connection:' "$tmp/show"
done
for bad in 0 -1 65 x; do
  refused iscsi "$url" sessions=$bad
done
