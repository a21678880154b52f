#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The target holds a write, the connection is lost, and the write goes out
# again over a new session and is acknowledged; a newer write of the same
# block is acknowledged and flushed.  Then the target lets the held one go.
# The newer data must survive: the new session reinstated the old one (same
# initiator name, same ISID, RFC 7143 6.3.5), whose tasks are dead.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

# old_then_new: sets $now_there, what the disk holds at the end.
old_then_new ()
{
  run_nbdsh -u "$uri" -c - <<END
from scripted_client import await_end, held_write, tell

ended = held_write(h, b"O" * 4096, 0)
tell("drop")
assert await_end(h, ended) == 0
assert h.pread(4096, 0) == b"O" * 4096
h.pwrite(b"N" * 4096, 0)
h.flush()
assert h.pread(4096, 0) == b"N" * 4096
tell("release")
seen = h.pread(4096, 0)
print("after the release:", seen[:1])
open("$tmp/seen", "wb").write(seen[:1])
h.shutdown()
END
  now_there=$(head -c 1 "$disk")
  equal "what the client reads" "$(cat "$tmp/seen")" "$now_there"
}

# The session outlives its connection, as it does when the target never sees
# the connection's end.
start_scripted --set linger=1
start_nbdkit iscsi "$url"
old_then_new
equal "data at the end" "$now_there" N
equal "sessions reinstated" "$(scripted_fact reinstated)" 1
equal "held writes that were killed" "$(scripted_fact killed)" 1
equal "held writes that were executed" "$(scripted_fact late-writes)" 0
stop_nbdkit

# Is the danger real, and would this test see it?  A target that breaks the
# standard shows what another ISID would do.
start_scripted --set linger=1 --set reinstate=0 --set kill-tasks=0
start_nbdkit iscsi "$url"
old_then_new
equal "data at the end, with a target that reinstates nothing" "$now_there" O
