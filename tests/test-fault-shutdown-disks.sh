#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# SIGTERM with four disks open and a target that is frozen: their ends do not
# add up.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd
requires_nbdsh

disk_of 1M
for lun in 2 3 4; do
  truncate -s 1M "$tmp/disk$lun"
  add_lun $lun "$tmp/disk$lun"
done
start_nbdkit iscsi "iscsi://$portal/$iqn"
"$PYTHON" -m nbd -c - <<END &
import os, signal
handles = [nbd.NBD() for _ in range(4)]
for lun, h in enumerate(handles, 1):
    h.connect_uri("$uri".replace("///?", f"///{lun}?"))
    h.pread(512, 0)
open("$tmp/connected", "w").close()
signal.pause()
END
client=$!
cleanup_fn end_process $client
wait_until test -e "$tmp/connected"
kill -STOP "$tgtd_pid"
kill -TERM "$nbdkit_pid"
kill -KILL $client
before=$(now)
stop_nbdkit "$nbdkit_pid"
within "end of four disks" $(($(now) - before)) "2 s" 10
kill -CONT "$tgtd_pid"
