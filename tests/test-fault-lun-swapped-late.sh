#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# While the plugin makes sure of the LUN after a login the LUN becomes another
# one, after its identity was asked; that is told to one of the questions that
# follow.  The new one's blocks are not served as the old one's.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url" recovery-timeout=5
run_nbdsh -u "$uri" -c - <<END
from scripted_client import insist, tell

ended = []

def over(error):
    ended.append(error.value)
    return 1

h.pread(512, 0)
tell("rule capacity10 hold")
tell("drop")
h.aio_pread(nbd.Buffer(512), 0, completion=over)
while "held=1" not in tell("status").split():
    h.poll(20)
tell("set naa=60014050000000000000000000000002")
tell("rule capacity16 check 6/3f0e")
tell("release")
while not ended:
    h.poll(20)
assert ended == [errno.EIO], ended

tell("set naa=60014050000000000000000000000001")
insist(h.pread, 512, 0)
END
shows "another one now" "$nbdkit_log"
shows_not "comes back by itself" "$nbdkit_log"
