#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The server ends while one session is up and the login of another one is not
# answered.  The one that is over first is not looked at by the other any more
# (seen under the sanitizers and valgrind).

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url" sessions=2
scripted set login-ms=60000
export uri
run_nbdsh -c - <<'END'
import os
handles = [nbd.NBD(), nbd.NBD()]
for h in handles:
    h.connect_uri(os.environ["uri"])
    h.pread(512, 0)
END
wait_until scripted_has open -ge 2
ends_within TERM "2 s" 20
