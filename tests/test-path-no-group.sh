#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that does not tell its portal group: a login there may have left the
# old session alone, so the LUN is reset before a newer write.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set linger=1 --set portal-group=-1 --set reinstate=0
start_nbdkit iscsi "$url"
run_nbdsh -u "$uri" -c - <<END
from scripted_client import await_end, held_write, tell

ended = held_write(h, b"O" * 4096, 0)
tell("drop 1")
assert await_end(h, ended) == 0
h.pwrite(b"N" * 4096, 0)
h.flush()
print(tell("release"))
assert h.pread(4096, 0) == b"N" * 4096
END
[ "$(scripted_fact resets)" -ge 1 ] || fail "the LUN was not reset"
equal "first byte of the disk" "$(head -c 1 "$disk")" N
equal "held writes that were executed" "$(scripted_fact late-writes)" 0
