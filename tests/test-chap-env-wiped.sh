#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Once the server is up its environment has no password, in /proc too; that of a
# program which it runs has.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
if [ "${UNDER_VALGRIND:-}" = 1 ]; then
  skip "valgrind gives it a copy of the environment"
fi

disk_of 1M
add_account bob an-adequate-secret
add_account target the-secret-of-the-target --outgoing
export LIBISCSI_CHAP_USERNAME=bob LIBISCSI_CHAP_PASSWORD=an-adequate-secret
export LIBISCSI_CHAP_TARGET_USERNAME=target
export LIBISCSI_CHAP_TARGET_PASSWORD=the-secret-of-the-target
start_nbdkit iscsi "$url"
equal size "$(nbdinfo --size "$uri")" 1048576
tr '\0' '\n' <"/proc/$nbdkit_pid/environ" >"$tmp/environ"
shows '^LIBISCSI_CHAP_USERNAME=bob$' "$tmp/environ"
shows_not an-adequate-secret "$tmp/environ"
shows_not the-secret-of-the-target "$tmp/environ"
stop_nbdkit

# shellcheck disable=SC2016 # for nbdkit's shell
nbdkit -U - iscsi "$url" \
       --run 'nbdinfo --size "$uri"; echo "$LIBISCSI_CHAP_PASSWORD"' \
       >"$tmp/run"
equal "what --run has" "$(tr '\n' ' ' <"$tmp/run")" \
      "1048576 an-adequate-secret "
