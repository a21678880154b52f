#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Another LUN takes the place of the one that is served, while the session
# lives on, and the target tells: by a UNIT ATTENTION, or by denying the LUN in
# between.  Nothing is written to the other one.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

# swapped SENSE: an answer that a read gets after the swap.
swapped ()
{
  start_scripted
  start_nbdkit iscsi "$url" recovery-timeout=3
  run_nbdsh -u "$uri" -c - <<END
from scripted_client import fails, tell

h.pwrite(b"1" * 4096, 0)
tell("set serial=0002")
tell("set naa=60014050000000000000000000000002")
tell("rule any check $1")
fails(h.pread, 4096, 0)
fails(h.pwrite, b"2" * 4096, 0)
fails(h.pread, 4096, 0)
END
  equal "first byte of the disk after $1" "$(head -c 1 "$disk")" 1
  shows "another" "$nbdkit_log"
  stop_nbdkit
}

for sense in 6/3f03 6/3f05 6/3f0e 6/2900 5/2500; do
  swapped $sense
done

# The same LUN all the time: no error.
start_scripted
start_nbdkit iscsi "$url"
before=$(scripted_fact vpd)
for sense in 6/3f03 6/3f05 6/3f0e 6/2900; do
  scripted rule any skip=100 check $sense
done
load --seconds 2 --slots 256 --backing "$disk" --read-back "$uri"
# It was made sure of.
[ "$(scripted_fact vpd)" -gt "$before" ] || fail "the identity was not read"
