#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A session that nobody uses is opened again, and ends together with the last
# answer of its login: by a logout that the target asked for, an asynchronous
# message, the end of the connection.  Without a request of anybody it is
# opened once more, and serves.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url"
run_nbdsh -u "$uri" -c - <<'END'
import re
import time

from scripted_client import await_sessions, tell


def logins():
    return int(re.search(r"logins=(\d+)", tell("status")).group(1))


block = b"b" * 512
h.pwrite(block, 0)
for end in ("close", "drop", "async 1", "async 2", "async 3", "async 4",
            "logout 1", "logout 4"):
    await_sessions(1)
    before = logins()
    tell(f"rule login last-{end}")
    tell("drop")
    while logins() < before + 2:
        time.sleep(0.02)
    await_sessions(1)
    assert h.pread(512, 0) == block, end
END
