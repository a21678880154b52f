#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Discovery is not the target: a user that only the target knows, and a target
# that has to prove itself, do not keep a portal from being asked.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

list ()
{
  nbdinfo --list "$uri" | grep '^export=' || true
}

umask 077
set -x
disk_of 1M
add_account bob an-adequate-secret
add_account target the-secret-of-the-target --outgoing
bob=(user=bob password=an-adequate-secret)
target=(target-user=target target-password=the-secret-of-the-target)

# The portal wants no CHAP and proves nothing.
start_nbdkit iscsi "iscsi://$portal/" "${bob[@]}" "${target[@]}"
equal "the list" "$(list)" "export=\"$iqn/1\":"
stop_nbdkit

# It wants another user, which has a line of its own.
tgt --mode account --op new --user carol --password the-secret-of-carol
tgt --mode account --op bind --user carol
refused iscsi "iscsi://$portal/" "${bob[@]}"
shows 'check user= and password=' "$tmp/refused.log"
for name in "$portal" '*' "${portal%:*}*"; do
  echo "portal:$name carol the-secret-of-carol" >"$tmp/credentials"
  start_nbdkit iscsi "iscsi://$portal/" "${bob[@]}" "${target[@]}" \
               "credentials=$tmp/credentials"
  equal "the list" "$(list)" "export=\"$iqn/1\":"
  stop_nbdkit
done

# By the host of the URL, as that has it, with the port and without.  A fresh
# system knows no name, not even localhost.
port=${portal##*:}
for name in 127.1 "127.1:$port"; do
  echo "portal:$name carol the-secret-of-carol" >"$tmp/credentials"
  start_nbdkit iscsi "iscsi://127.1:$port/" "${bob[@]}" "${target[@]}" \
               "credentials=$tmp/credentials"
  equal "the list" "$(list)" "export=\"$iqn/1\":"
  stop_nbdkit
done

# The line of the portal is not the target's.
refused iscsi "$url" "credentials=$tmp/credentials"
shows 'wants CHAP' "$tmp/refused.log"
