#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that takes 6 s for a login: it is used, and comes back after a loss.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

for portals in 1 2; do
  start_scripted --portals $portals --set login-ms=6000
  start_nbdkit iscsi "$url" "portal=$(scripted_portal $portals)" \
               recovery-timeout=$((60 * slack)) login-timeout=$((15 * slack))
  run_nbdsh -u "$uri" -c - <<END
from scripted_client import tell
h.pwrite(b"1" * 4096, 0)
tell("drop")
h.pwrite(b"2" * 4096, 0)
assert h.pread(4096, 0) == b"2" * 4096
END
  stop_nbdkit
done
