#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A request of many commands, none of which the target ever answers, takes as
# long to fail as a request of one.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set max-transfer=16
start_nbdkit iscsi "$url" timeout=1
run_nbdsh -u "$uri" -c - <<END
import time
from scripted_client import fails, tell

tell("rule read times=0 swallow")
before = time.monotonic()
fails(h.pread, 8 * 16 * 512, 0)
took = time.monotonic() - before
print(f"EIO after {took:.1f} s")
open("$tmp/took", "w").write(str(int(took * 1000)))
END
within "a request of 8 commands that are not answered" "$(cat "$tmp/took")" \
       "3.5 s (3 times timeout)" 15
