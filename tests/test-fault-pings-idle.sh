#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that pings an idle session gets its answers, and the session
# stays.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set nop-interval=100 --set nop-timeout=$((1000 * slack))
start_nbdkit iscsi "$url" noop-interval=0
# Something holds the disk open.
run_nbdsh -u "$uri" -c - <<END
import time
h.pread(512, 0)
time.sleep(4)
h.pread(512, 0)
END
echo "answered: $(scripted_fact pongs)"
[ "$(scripted_fact pongs)" -ge 20 ] || fail "pings were not answered"
equal "sessions lost" "$(scripted_fact ping-timeouts)" 0
said 0 'session lost'
