#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Writes had to wait for a session until recovery-timeout, and nobody waited
# any more when it came back.  The next session that is lost is another
# matter: what it leaves has all of recovery-timeout again.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set linger=1
start_nbdkit iscsi "$url" sessions=2 recovery-timeout=2
run_nbdsh -c - <<END
import time
from scripted_client import await_end, held_write, tell

a = nbd.NBD()
a.connect_uri("$uri")
b = nbd.NBD()
b.connect_uri("$uri")
b.pread(512, 0)
ended = held_write(a, b"O" * 4096, 0)
tell("rule login times=0 swallow")
tell("drop held")
assert await_end(a, ended) == errno.EIO
a.shutdown()
tell("rules clear")
while "session back" not in open("$nbdkit_log").read():
    time.sleep(0.1)

tell("rule write drop")
b.pwrite(b"N" * 4096, 0)
END
