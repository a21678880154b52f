#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that has no room for a session at the start, or is not ready to
# take one, may only not have found yet that an old one is dead: it is asked
# again, for as long as login-timeout.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

set -x
for status in 0206 0301 0302; do
  # At the preflight, when the server opens its session, and for a client.
  start_scripted --rule "login times=2 login $status" \
                 --rule "login skip=1 times=1 login $status"
  start_nbdkit iscsi "$url"
  run_nbdsh -u "$uri" -c 'h.pread(512, 0)'
  equal "the errors" "$(said_by_plugin "$nbdkit_log")" ""
  equal "the rules that were met" "$(scripted_fact rules)" 3
  stop_nbdkit

  start_scripted
  start_nbdkit iscsi "iscsi://$portal/$iqn"
  scripted rule login times=2 login $status
  run_python - "$sock" <<'END'
import nbd, sys
h = nbd.NBD()
h.set_export_name("1")
h.connect_unix(sys.argv[1])
END
  stop_nbdkit

  start_scripted --rule "login times=0 login $status"
  logins=0
  for limit in 1 10 60; do
    before=$(scripted_fact logins)
    refused iscsi "$url" login-timeout=$limit
    logins=$(($(scripted_fact logins) - before))
    if [ $logins -ge 2 ]; then break; fi
  done
  [ $logins -ge 2 ] || fail "it was asked only $logins times"
  shows "login status $status" "$tmp/refused.log"
done

# What is no use is not tried again.
start_scripted --rule 'login times=0 login 0202'
refused iscsi "$url"
equal "the logins" "$(scripted_fact logins)" 1
