#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A LUN that answers questions and nothing else: each try of a command of it
# costs all LUNs of the target their session, which they share.  The clients of
# the others see no error, and wait for no longer than it takes to log in.  After
# three tries that command has failed.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

set -x
start_scripted --set luns=2 --rule "read#2 times=0 swallow" \
               --rule "write#2 times=0 swallow"
start_nbdkit iscsi "iscsi://$portal/$iqn" sessions=1 timeout=$((slack * 3)) \
             recovery-timeout=$((slack * 20))

# hang HOW STALL: three tries, three logins.
hang ()
{
  local logins

  start_load --seconds 600 --depth 4 --slots 256 --backing "$disk" \
             --read-back "nbd+unix:///1?socket=$sock"
  logins=$(scripted_fact logins)
  if run_nbdsh -u "nbd+unix:///2?socket=$sock" -c "$1" 2>"$tmp/err"; then
    fail "$1 of the LUN that hangs was answered"
  fi
  shows 'Input/output error' "$tmp/err"
  load_goes_on
  end_load
  equal "errors of the other LUN" "$(loaded errors)" 0
  within "longest stall of the other LUN" "$(loaded stall)" "$2" 10
  [ $(($(scripted_fact logins) - logins)) -ge 3 ] || fail "no session was lost"
}
hang 'h.pread(512, 0)' "0.5 s"
hang 'h.pwrite(bytes(512), 0)' "0.5 s"
scripted set login-ms=1000
hang 'h.pread(512, 0)' "1.5 s"
