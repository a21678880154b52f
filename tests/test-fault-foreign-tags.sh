#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Data, or asking for data, with the tag of something that is no SCSI command: a
# ping, a logout, SendTargets, a reset.  libiscsi would look for the command.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

data_in=2580000000000200$(printf '0%.0s' {1..16})iiiiiiiiffffffff
r2t=3180000000000000$(printf '0%.0s' {1..16})iiiiiiii00000001
r2t+=$(printf '0%.0s' {1..40})00000200

for pdu in $data_in $r2t; do
  start_scripted --rule "nop times=0 pdu $pdu" --rule "logout times=0 pdu $pdu"
  start_nbdkit iscsi "$url" noop-interval=1 noop-timeout=2
  run_nbdsh -u "$uri" -c - <<'END'
import time

from scripted_client import tell

block = b"b" * 512
h.pwrite(block, 0)
while "logins=4" not in tell("status").split():
    time.sleep(0.1)
assert h.pread(512, 0) == block
END
  shows 'session lost: it answered a command' "$nbdkit_log"
  stop_nbdkit

  scripted rules clear
  scripted "rule text times=0 pdu $pdu"
  refused_with 'does not belong' iscsi "${url%/*/*}/"
done
