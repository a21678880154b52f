#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that refuses further sessions is served over those that there are.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

for limit in 1 2; do
  start_scripted --set max-sessions=$limit
  start_nbdkit iscsi "$url" sessions=4
  load --connections 4 --depth 4 --seconds 3 --slots 256 \
       --backing "$disk" --read-back "$uri"
  [ "$(scripted_fact refused)" -ge 1 ] || fail "no session was refused"
  stop_nbdkit
done

# What the target said at the start, to the only session that it could have.
# told STATUS SENTENCE
told ()
{
  start_scripted --rule "login times=0 login $1"
  refused_with "$2 \\(login status $1\\)" iscsi "$url"
}
told 0302 'the target has no room for another session'
told 0301 'the target is not available at the moment'
told 0206 'the target has no room for another session'
