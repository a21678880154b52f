#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A secret file with CR LF or blanks at the end works, and it is said.

. "${0%/*}/functions.sh"
requires_tgtd

set -x
disk_of 1M
add_account bob an-adequate-secret
for end in '\r\n' '  \r\n' ' \t\n' ' '; do
  printf 'an-adequate-secret%b' "$end" >"$tmp/secret"
  start_nbdkit iscsi "$url" user=bob "password=+$tmp/secret"
  shows 'warning: password: blanks or a carriage return' "$nbdkit_log"
  shows_not an-adequate-secret "$nbdkit_log"
  stop_nbdkit
done
start_nbdkit iscsi "$url" user=bob \
             password=-3 3< <(printf 'an-adequate-secret\r\n')
