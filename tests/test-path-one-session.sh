#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that has room for one session: two of its LUNs are used at once, and
# its LUNs are listed meanwhile.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

requires nbdinfo --version

# Not one session, but one at a time: 0206h, 0301h, 0302h are what targets say.
for refusal in 0x0206 0x0301 0x0302; do
  start_scripted --set luns=3 --set max-sessions=1 --set refusal=$refusal
  start_nbdkit iscsi "iscsi://$portal/$iqn"
  start_load --connections 2 --seconds 3600 --slots 64 \
             --backing "$disk" --read-back "nbd+unix:///1?socket=$sock"
  load_goes_on
  run_nbdsh -c - <<END
h.connect_uri("nbd+unix:///2?socket=$sock")
h.pwrite(b"2" * 4096, 0)
assert h.pread(4096, 0) == b"2" * 4096
END
  nbdinfo --list "$uri" >"$tmp/list"
  equal "LUNs in the list" "$(grep -c '^export=' "$tmp/list")" 3
  load_goes_on
  end_load
  equal "sessions" "$(scripted_fact sessions)" 1
  stop_nbdkit
done
