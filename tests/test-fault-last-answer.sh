#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A session ends together with the answer to any of the commands that open it:
# by a logout that the target asked for, an asynchronous message, a reject, the
# end of the connection.  The server goes on, and the session is opened again,
# be it idle or waited for.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url"
run_nbdsh -u "$uri" -c - <<'END'
import re
import time

from scripted_client import insist, tell


def fact(key):
    return int(re.search(rf"{key}=(\d+)", tell("status")).group(1))


def opened_again(before):
    """Two logins later: the first session ended, the second is there."""
    for _ in range(400):
        if fact("logins") >= before + 2:
            return
        time.sleep(0.02)
    raise AssertionError(f"not opened again: {end} {skip} " + tell("status"))


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
        for idle in (True, False):
            tell("rules clear")
            tell(f"rule scsi skip={skip} last-{end}")
            logins = fact("logins")
            tell("drop")
            if idle and end != "reject 04":
                opened_again(logins)
            assert insist(h.pread, 512, 0) == block, (end, skip)
END
