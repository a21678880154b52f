#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# BUSY to writes that the target has not read yet, or a Reject of them, one of
# which is half sent: libiscsi would send the header of another in its middle.
# The session is given up, and everything written again.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

for answer in busy reject; do
  start_scripted --set first-burst=262144 --set data-in=262144
  start_nbdkit iscsi "$url"
  run_nbdsh -u "$uri" -c - <<END
from scripted_client import tell

size = 48 << 20
data = bytes(range(256)) * (size // 256)
tell("rule write $answer-ahead 96")
pieces = [h.aio_pwrite(nbd.Buffer.from_bytearray(
              bytearray(data[at:at + (1 << 20)])), at)
          for at in range(0, size, 1 << 20)]
while pieces:
    if h.aio_command_completed(pieces[0]):
        pieces.pop(0)
    else:
        h.poll(-1)
for at in range(0, size, 1 << 20):
    assert h.pread(1 << 20, at) == data[at:at + (1 << 20)], at
END
  shows 'session lost: it answered a command before it had all of it' \
        "$nbdkit_log"
  equal "commands out of order" "$(scripted_fact misordered)" 0
  stop_nbdkit
done
