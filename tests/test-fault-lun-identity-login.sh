#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN that had no identity is served over the next session as well, as long
# as it still has none; one that tells an identity then may be another one, and
# nothing is written to it.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set login-ua=0
scripted rule vpd times=0 check 5/2400
start_nbdkit iscsi "$url" recovery-timeout=3
run_nbdsh -u "$uri" -c '
from scripted_client import fails, tell

h.pwrite(b"1" * 512, 0)
tell("drop")
h.pwrite(b"2" * 512, 0)
tell("rules clear")
tell("drop")
fails(h.pwrite, b"3" * 512, 0)
'
shows 'gives an identity now, and gave none before' "$nbdkit_log"
equal "first byte of the disk" "$(head -c 1 "$disk")" 2
