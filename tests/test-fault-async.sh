#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Asynchronous messages (RFC 7143 11.9): the target asks for a logout, says
# that it will drop the connection or all of them, asks to negotiate again.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url"
for event in 1 2 3 4; do
  logins=$(scripted_fact logins)
  logouts=$(scripted_fact logouts)
  start_load --seconds 4 --slots 256 --backing "$disk" --read-back "$uri"
  scripted async $event 500
  finish_load
  within "longest stall after message $event" "$(loaded stall)" "2 s" 20
  echo "message $event: $(($(scripted_fact logins) - logins)) logins," \
       "$(($(scripted_fact logouts) - logouts)) logouts"
  case $event in
    1|2|3) [ "$(scripted_fact logins)" -gt "$logins" ] ||
             fail "message $event was not obeyed" ;;
  esac
done
equal "commands out of order" "$(scripted_fact misordered)" 0
