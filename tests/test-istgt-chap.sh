#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# istgt: mutual CHAP, and a target that does not know the other secret.

. "${0%/*}/istgt-functions.sh"
requires_istgt
requires nbdinfo --version

set -x
cat >"$tmp/istgt.secrets" <<'END'
[AuthGroup1]
  Auth "bob" "an-adequate-secret" "target" "another-secret"
END
chmod 600 "$tmp/istgt.secrets"
login='AuthMethod CHAP Mutual
  AuthGroup AuthGroup1'
start_istgt 1MB
start_nbdkit iscsi "$url" user=bob password=an-adequate-secret \
             target-user=target target-password=another-secret
equal size "$(nbdinfo --size "$uri")" 1048576
stop_nbdkit

if nbdkit -U - iscsi "$url" user=bob password=an-adequate-secret \
          target-user=target target-password=yet-another-secret \
          --run true 2>"$tmp/err"; then
  fail "a target that does not know the secret was taken"
fi
shows 'the target did not prove that it knows the mutual CHAP secret' "$tmp/err"
