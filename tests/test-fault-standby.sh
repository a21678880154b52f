#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that tells no ALUA states says that its only path is in standby: it
# is tried again until it is not, and so the next time.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url" recovery-timeout=5
run_nbdsh -c - <<END
import time
from scripted_client import tell

h.connect_uri("$uri")
for sense in ("2/040b", "2/040c"):
    tell(f"rule read check {sense}")
    before = time.monotonic()
    h.pread(512, 0)
    print(f"{sense}: read after {time.monotonic() - before:.1f} s")
END
