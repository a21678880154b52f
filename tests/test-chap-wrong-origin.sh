#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A wrong secret: the sentence says where it is from, be it a parameter, a file,
# the URL, the environment, a line of the credentials file (with CR LF), or two of
# them.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

secret=an-adequate-secret
start_scripted --set "chap=5 bob $secret target another-secret-of-it"
rest=$portal/$iqn/1

# wrong PATTERN ARGS...
wrong ()
{
  refused iscsi "${@:2}"
  shows "check $1" "$tmp/refused.log"
  shows_not wrong-secret "$tmp/refused.log"
}

printf 'a-wrong-secret' >"$tmp/secret"
chmod 600 "$tmp/secret"
wrong 'user= and password=$' "$url" user=bob password=a-wrong-secret
wrong 'user= and password=$' "$url" user=bob "password=+$tmp/secret"
wrong "the URL's user and the URL's password\$" \
      "iscsi://bob%a-wrong-secret@$rest"
wrong "the URL's user and the URL's password\$" \
      "iscsi://bob:a-wrong-secret@$rest"
wrong "the URL's user and password=\$" \
      "iscsi://bob%$secret@$rest" password=a-wrong-secret
wrong "user= and the URL's password\$" \
      "iscsi://eve%a-wrong-secret@$rest" user=bob

# The other side's.
right=(user=bob "password=$secret")
wrong 'target-user= and target-password=, or' "$url" "${right[@]}" \
      target-user=target target-password=a-wrong-secret
wrong "the URL's target_user and the URL's target_password, or" \
      "$url?target_user=target&target_password=a-wrong-secret" "${right[@]}"

# The credentials file.
umask 077
printf '# one\r\n%s bob a-wrong-secret\r\n' "$iqn" >"$tmp/credentials"
wrong "line 2 of $tmp/credentials\$" "$url" "credentials=$tmp/credentials"
printf '%s bob %s target a-wrong-secret\r\n' "$iqn" $secret >"$tmp/credentials"
wrong "line 1 of $tmp/credentials, or" "$url" "credentials=$tmp/credentials"

# The environment, alone and for half of it.
export LIBISCSI_CHAP_PASSWORD=a-wrong-secret
wrong 'user= and LIBISCSI_CHAP_PASSWORD \(of the environment\)$' "$url" user=bob
export LIBISCSI_CHAP_USERNAME=bob
wrong 'LIBISCSI_CHAP_USERNAME and LIBISCSI_CHAP_PASSWORD \(of the environ' "$url"
unset LIBISCSI_CHAP_USERNAME
wrong "the URL's user and LIBISCSI_CHAP_PASSWORD \\(of the environment\\)\$" \
      "iscsi://bob@$rest"
