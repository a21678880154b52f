#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Two clients open a LUN at once that nobody uses yet, and find it by two forms
# of its number, since it was away for a moment.  It has one fence: the one who
# is later opens it again as what the other one has found.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set any-form=1 --set linger=1 --set login-ua=0
start_nbdkit iscsi "iscsi://$portal/$iqn" sessions=1 timeout=600
export sock
run_nbdsh -c - <<'END' &
import os
from scripted_client import await_end, held_write, tell

# Its last question has no answer before the other client is in.
tell("rule capacity16 hold")
h.connect_uri("nbd+unix:///1?socket=" + os.environ["sock"])
ended = held_write(h, b"O" * 4096, 0)
tell("set portal-group=2")
tell("drop 1")
assert await_end(h, ended) == 0
h.pwrite(b"N" * 4096, 0)
h.flush()
print(tell("release"))
assert h.pread(4096, 0) == b"N" * 4096
END
first=$!
wait_until scripted_has held -eq 1
scripted rule "tur check 5/2500"
run_nbdsh -u "nbd+unix:///1?socket=$sock" -c - <<'END'
import time
from scripted_client import tell

h.pread(512, 0)
assert "held=1" in tell("status").split()
tell("release")
# It stays until the other one is in, and has sent its write.
while "write=" not in tell("status"):
    time.sleep(0.05)
END
wait $first
equal "resets" "$(scripted_fact resets)" 1
equal "first byte of the disk" "$(head -c 1 "$disk")" N
equal "held writes that were executed" "$(scripted_fact late-writes)" 0
