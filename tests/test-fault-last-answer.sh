#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A session ends together with the answer to any of the commands that make sure
# of the LUN after a login:
# by a logout that the target asked for, an asynchronous message, a reject, the
# end of the connection.  The server goes on, and the session is opened again.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url"
run_nbdsh -u "$uri" -c - <<'END'
import re

from scripted_client import insist, tell


def fact(key):
    return int(re.search(rf"{key}=(\d+)", tell("status")).group(1))


block = b"b" * 512
h.pwrite(block, 0)
before = fact("commands")
tell("drop")
assert insist(h.pread, 512, 0) == block
opening = fact("commands") - before - 1
assert opening >= 2, opening
for end in ("close", "drop", "reject 04", "async 1", "async 2", "async 3",
            "async 4", "logout 1", "logout 4"):
    for skip in range(opening):
        tell("rules clear")
        tell(f"rule scsi skip={skip} last-{end}")
        tell("drop")
        assert insist(h.pread, 512, 0) == block, (end, skip)
END
