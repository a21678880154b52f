#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# sessions=1: while a LUN is in use another one is opened, and all are listed,
# over the one session that there is; so is what was opened after a list.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set luns=3
start_nbdkit iscsi "iscsi://$portal/$iqn" sessions=1
before=$(scripted_fact logins)
start_load --connections 4 --depth 8 --seconds 3600 --slots 64 \
           --backing "$disk" --read-back "nbd+unix:///1?socket=$sock"
for _ in 1 2 3; do
  load_goes_on
  equal "exports" "$(exports_listed)" "1 2 3 "
  run_nbdsh -u "nbd+unix:///2?socket=$sock" -c - <<'END'
h.pwrite(b"2" * 4096, 0)
assert h.pread(4096, 0) == b"2" * 4096
END
done
load_goes_on
end_load
equal "logins" $(($(scripted_fact logins) - before)) 1
