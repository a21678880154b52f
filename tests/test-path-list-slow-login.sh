#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that takes 1 s for a login: its LUNs are listed all the same, over
# one session, and are all there.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted --set luns=20
start_nbdkit iscsi "iscsi://$portal/"
scripted set login-ms=1000
before=$(scripted_fact logins)
start=$(now)
# nbdinfo may ask for the default export as well, which is a list of its own.
run_nbdsh --opt-mode -u "$uri" \
          -c 'h.opt_list(lambda name, text: print(name) or 0)' >"$tmp/list"
within "list of 20 LUNs" $(($(now) - start)) "3 s" 30
equal "LUNs in the list" "$(wc -l <"$tmp/list")" 20
# The portal is asked for its targets first.
logins=$(($(scripted_fact logins) - before))
[ $logins -le 2 ] || fail "$logins logins"
