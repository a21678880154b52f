#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# CHAP, one-way and mutual: the login succeeds, and it does not with a wrong
# secret of either side.  Of several algorithms that the target takes the best is
# used.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires "$PYTHON" -c 'import hashlib; hashlib.new("sha3_256"); hashlib.md5()'

# The numbers of CHAP_A: MD5 (5), SHA-1, SHA-256, SHA3-256.
: "${algorithms:=5}"
if grep -q '^iscsi_chap_sha=yes$' < <(nbdkit iscsi --dump-plugin); then
  best=8
else
  best=5
  if [ "$algorithms" != 5 ]; then
    skip "this libiscsi has no CHAP but with MD5 (1.20.1 and later have)"
  fi
fi

user=(user=bob password=an-adequate-secret)
mutual=("${user[@]}" target-user=target target-password=another-secret-of-it)

works ()
{
  start_nbdkit iscsi "$url" "$@"
  run_nbdsh -u "$uri" -c 'h.pread(512, 0)'
  stop_nbdkit
}

for n in $algorithms; do
  start_scripted --set "chap=$n bob an-adequate-secret"
  works "${user[@]}"
  test "$(scripted_fact "chap$n")" -ge 2 # the preflight, and to stay
  refused iscsi "$url" user=bob password=a-wrong-secret
  shows 'user name or password: check' "$tmp/refused.log"
  refused iscsi "$url" "${mutual[@]}"
  shows 'did not prove|mutual CHAP' "$tmp/refused.log"

  start_scripted --set "chap=$n bob an-adequate-secret target another-secret-of-it"
  works "${mutual[@]}"
  test "$(scripted_fact "chap$n")" -ge 2
  refused iscsi "$url" "${mutual[@]/another/yet-another}"
  shows 'did not prove' "$tmp/refused.log"
done

start_scripted --set "chap=5,6,7,8 bob an-adequate-secret"
works "${user[@]}"
equal "logins with the best algorithm" \
      "$(scripted_fact "chap$best")" "$(scripted_fact logins)"
