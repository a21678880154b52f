#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Parameters that are missing, unknown or wrong: one sentence that names them.

. "${0%/*}/functions.sh"
requires_plugin

set -x
url=iscsi://127.0.0.1:1/iqn.2001-04.com.example:disk/1
refused iscsi
shows 'url' "$tmp/refused.log"
refused iscsi user=bob
shows 'url' "$tmp/refused.log"
refused iscsi "$url" foo=1
shows "unknown parameter 'foo': nbdkit iscsi --help lists" "$tmp/refused.log"
refused iscsi "$url" login_timout=5
shows "unknown parameter 'login_timout': did you mean login-timeout=" \
      "$tmp/refused.log"
refused iscsi "$url" "url=$url"
shows 'twice' "$tmp/refused.log"
for key in timeout login-timeout recovery-timeout noop-interval noop-timeout
do
  for value in x -1 1x 1e9h 25h "" 10000000000; do
    refused iscsi "$url" "$key=$value"
    shows "$key" "$tmp/refused.log"
  done
done
for key in timeout login-timeout; do
  refused iscsi "$url" "$key=0"
  shows "$key" "$tmp/refused.log"
done
refused iscsi "$url" preflight=perhaps
refused iscsi "$url" data-digest=md5
shows 'data-digest' "$tmp/refused.log"
refused iscsi "$url" alua=sometimes
shows 'alua=sometimes: it is implicit, explicit or off' "$tmp/refused.log"
refused iscsi "$url" portal=
shows 'portal' "$tmp/refused.log"
refused iscsi "$url" portal=a:b:c
shows 'portal' "$tmp/refused.log"
