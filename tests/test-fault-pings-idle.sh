#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that pings an idle session gets its answers, and the session
# stays.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set nop-interval=100 --set nop-timeout=$((10000 * slack))
start_nbdkit iscsi "$url" noop-interval=0
# Something holds the disk open.
run_nbdsh -u "$uri" -c - <<END
import time
from scripted_client import tell

def fact(key):
    facts = dict(w.split("=") for w in tell("status").split()[1:])
    return int(facts.get(key, 0))

h.pread(512, 0)
while fact("pongs") < 20:
    assert fact("ping-timeouts") == 0, "a ping was not answered"
    time.sleep(0.1)
h.pread(512, 0)
END
equal "sessions lost" "$(scripted_fact ping-timeouts)" 0
said 0 'session lost'
