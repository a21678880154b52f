#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The session is lost while the target holds a write, and comes back in another
# portal group.  A login there reinstates nothing (RFC 7143 6.3.5), so the old
# write would still be executed, after newer ones: the LUN is reset first.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set linger=1
start_nbdkit iscsi "$url"
run_nbdsh -u "$uri" -c - <<END
from scripted_client import await_end, held_write, tell

ended = held_write(h, b"O" * 4096, 0)
tell("set portal-group=2")
tell("drop 1")
assert await_end(h, ended) == 0
h.pwrite(b"N" * 4096, 0)
h.flush()
print(tell("release"))
assert h.pread(4096, 0) == b"N" * 4096

# Reads are not worth a reset.
tell("set portal-group=3")
tell("drop 1")
assert h.pread(4096, 0) == b"N" * 4096
h.pwrite(b"M" * 4096, 0)
END
equal "sessions reinstated" "$(scripted_fact reinstated)" 0
equal "resets" "$(scripted_fact resets)" 1
equal "held writes that were killed" "$(scripted_fact killed)" 1
equal "first byte of the disk" "$(head -c 1 "$disk")" M
shows 'came back in another portal group' "$nbdkit_log"
stop_nbdkit

# A target that does not reset: reads go on in the new group, and writes wait for
# the old one.
start_scripted --set linger=1 --set reset=0
start_nbdkit iscsi "$url" recovery-timeout=2
run_nbdsh -u "$uri" -c - <<END
from scripted_client import await_end, fails, held_write, insist, tell

ended = held_write(h, b"O" * 4096, 0)
tell("set portal-group=2")
tell("drop 1")
assert await_end(h, ended) == errno.EIO
insist(h.pread, 512, 0)
fails(h.pwrite, b"N" * 512, 0)
assert "write=1" in tell("status").split()

tell("set portal-group=1")
insist(h.pwrite, b"N" * 4096, 0)
h.flush()
print(tell("release"))
assert h.pread(4096, 0) == b"N" * 4096
END
equal "first byte of the disk" "$(head -c 1 "$disk")" N
equal "held writes that were executed" "$(scripted_fact late-writes)" 0
shows ': LUN 1 was not reset: the target says no' "$nbdkit_log"
