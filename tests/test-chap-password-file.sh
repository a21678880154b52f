#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# password=+FILE reads the password from a file, and says if everybody can.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
add_account bob an-adequate-secret
echo an-adequate-secret >"$tmp/secret"
chmod 640 "$tmp/secret"
start_nbdkit iscsi "$url" user=bob "password=+$tmp/secret"
equal size "$(nbdinfo --size "$uri")" 1048576
shows_not warning "$nbdkit_log"
for mode in 644 602; do
  chmod $mode "$tmp/secret"
  start_nbdkit iscsi "$url" user=bob "password=+$tmp/secret"
  equal size "$(nbdinfo --size "$uri")" 1048576
  equal "the warnings" "$(grep -c "warning: everybody.*$tmp/secret: chmod o-rw" \
                               "$nbdkit_log")" 1
done
# The target's, too, of which it is not said twice.
echo another-secret-of-it >"$tmp/target-secret"
add_account target another-secret-of-it --outgoing
chmod 600 "$tmp/secret"
chmod 644 "$tmp/target-secret"
start_nbdkit iscsi "$url" user=bob "password=+$tmp/secret" \
             target-user=target "target-password=+$tmp/target-secret"
equal "the warnings" "$(grep -o 'warning: everybody.*' "$nbdkit_log")" \
      "warning: everybody on this machine can read or write the passwords in $tmp/target-secret: chmod o-rw"
# What others cannot open.
start_nbdkit iscsi "$url" user=bob "password=+/dev/fd/3" 3< <(cat "$tmp/secret")
shows_not warning "$nbdkit_log"
refused iscsi "$url" user=bob "password=+$tmp/no-such-file"
shows 'no-such-file' "$tmp/refused.log"
