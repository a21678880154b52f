#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A portal that refuses the secret is not sent it again, also if it hangs up on
# who offers none: a few tries with a wrong one could lock the user out.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

# libiscsi offers one algorithm of CHAP in a login.
algorithms=1
if grep -q '^iscsi_chap_sha=yes$' < <(nbdkit iscsi --dump-plugin); then
  algorithms=4
fi

set -x
start_scripted --set "chap=5 bob an-adequate-secret"
scripted rule login skip=$algorithms drop
refused iscsi "iscsi://$portal/" user=bob password=not-this-secret
shows 'check user= and password=' "$tmp/refused.log"
# Without CHAP: the one that was dropped, and one with another digest.
equal "the logins" "$(scripted_fact logins)" $((algorithms + 2))
