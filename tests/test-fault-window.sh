#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A slow target whose command window is full cannot be pinged, since a ping
# would wait behind the commands: that is no reason to take it for dead.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set window=4
start_nbdkit iscsi "$url" noop-interval=1 noop-timeout=1
scripted rule read times=0 slow 4000
run_nbdsh -u "$uri" -c - <<'END'
bufs = [nbd.Buffer(512) for i in range(12)]
cookies = [h.aio_pread(b, i * 4096) for i, b in enumerate(bufs)]
while cookies:
    h.poll(-1)
    cookies = [c for c in cookies if not h.aio_command_completed(c)]
END
shows_not 'session lost' "$nbdkit_log"
