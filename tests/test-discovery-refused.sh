#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A portal that refuses the user of the targets (0201), and would tell them to
# anybody: it is asked again without CHAP, once.  But one that has a line of its
# own in the credentials file is not.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdinfo --version
requires_nbdsh

umask 077
set -x
start_scripted --set discovery-refuses=CHAP
start_nbdkit iscsi "iscsi://$portal/" user=bob password=an-adequate-secret
before=$(scripted_fact logins)
equal "the list" "$(exports_listed)" "$iqn/1 "
# To the portal with each algorithm of CHAP that libiscsi has, which is refused,
# and without; and to the target.
algorithms=1
if grep -q '^iscsi_chap_sha=yes$' < <(nbdkit iscsi --dump-plugin); then
  algorithms=4
fi
equal "the logins" $(($(scripted_fact logins) - before)) $((algorithms + 2))
equal "the size" "$(nbdinfo --size "nbd+unix:///$iqn/1?socket=$sock")" 67108864
stop_nbdkit

{ echo "portal:$portal carol the-secret-of-carol"
  echo "* bob an-adequate-secret"
} >"$tmp/credentials"
refused iscsi "iscsi://$portal/" "credentials=$tmp/credentials"
shows 'the target refused CHAP before it asked for the password' \
      "$tmp/refused.log"
# What the target wants has nothing to do with that.
start_nbdkit iscsi "iscsi://$portal/$iqn" "credentials=$tmp/credentials"
equal "the list" "$(nbdinfo --list "$uri" | grep '^export=')" 'export="1":'
