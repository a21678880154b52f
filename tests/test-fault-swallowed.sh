#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# One command is never answered, while pings are: at its deadline the session
# is given up and the command goes out again.  So for every kind of command.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

# The target does not see the end of the connection that is given up.
start_scripted --set linger=1
start_nbdkit iscsi "$url" timeout=2
for what in read write flush same unmap; do
  start_load --seconds 5 --slots 256 --backing "$disk" --read-back "$uri"
  scripted rule $what swallow
  finish_load
  [ "$(loaded stall)" -ge 500 ] || [ "$(loaded max)" -ge 1500 ] ||
    fail "no $what was swallowed"
  within "slowest request when a $what was swallowed" "$(loaded max)" \
         "4 s (timeout 2 s + 2 s)" 20
done
[ "$(scripted_fact reinstated)" -ge 1 ] ||
  fail "no session was reinstated: another ISID?"
equal "commands out of order" "$(scripted_fact misordered)" 0
