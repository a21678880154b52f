#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that expects the number of a command that was not sent yet: the
# session ends, and it is told why.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url" recovery-timeout=2
run_nbdsh -u "$uri" -c - <<'END'
from scripted_client import fails, insist, tell

h.pread(512, 0)
tell("set ahead=100")
h.pread(512, 0)                 # it is the next one that cannot be sent
fails(h.pread, 512, 0)
tell("set ahead=0")
insist(h.pread, 512, 0)
END
shows 'session lost: the target breaks the protocol: it confuses the numbers' \
      "$nbdkit_log"
scripted set ahead=100
refused iscsi "$url" login-timeout=3
shows 'it confuses the numbers of commands' "$tmp/refused.log"
