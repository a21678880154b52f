#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A session ends together with the answer to the reset of the LUN, which
# settles a write that the session before it has left: the write is carried
# out, once, and a newer one after it.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set linger=1
start_nbdkit iscsi "$url"
run_nbdsh -u "$uri" -c - <<'END'
from scripted_client import await_end, held_write, tell

group = 1
for end in ("close", "drop", "async 1", "async 2", "async 3", "async 4",
            "logout 1", "logout 4"):
    group += 1
    ended = held_write(h, b"O" * 512, 0)
    tell(f"set portal-group={group}")
    tell(f"rule task last-{end}")
    tell("drop 1")
    assert await_end(h, ended) == 0, end
    h.pwrite(b"N" * 512, 0)
    tell("release")
    assert h.pread(512, 0) == b"N" * 512, end
END
[ "$(scripted_fact resets)" -ge 8 ] || fail "the LUN was not reset"
equal "held writes that were executed" "$(scripted_fact late-writes)" 0
