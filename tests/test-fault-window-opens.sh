#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target closes its command window but for one command, and opens it again:
# as many commands as before are sent at a time.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url" sessions=1
load --depth 16 --seconds 1 --slots 256 "$uri"
scripted set window=1
load --depth 16 --seconds 1 --slots 256 "$uri"
scripted set window=128
load --depth 16 --seconds 2 --slots 256 "$uri"

scripted rule read times=0 hold
run_nbdsh -u "$uri" -c - <<'END' &
for i in range(16):
    h.aio_pread(nbd.Buffer(512), i * 4096)
while h.aio_in_flight() > 0:
    h.poll(1000)
END
client=$!
wait_until scripted_has held -ge 16
scripted rules clear
scripted release
wait $client
