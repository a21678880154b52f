#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Secrets are in no message, not even under -v with every debug flag, but for
# the line in which nbdkit itself repeats the command line.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
add_account bob the-bob-secret-1
add_account target the-target-secret-2 --outgoing

silent ()
{
  grep -v 'config key=' "$1" >"$tmp/ours" || true
  shows_not the-bob-secret-1 "$tmp/ours"
  shows_not the-target-secret-2 "$tmp/ours"
}

debug=(-v -D iscsi.session=1 -D iscsi.scsi=1 -D iscsi.pdu=10)
start_nbdkit "${debug[@]}" iscsi "$url" \
             user=bob password=the-bob-secret-1 \
             target-user=target target-password=the-target-secret-2
nbdinfo "$uri"
stop_nbdkit
silent "$nbdkit_log"
# From these a weak one could be guessed.
shows 'CHAP_C=\(hidden\)' "$nbdkit_log"
shows_not CHAP_C=0x "$nbdkit_log"
shows_not CHAP_R=0x "$nbdkit_log"

arguments='target_user=target&target_password=the-target-secret-2'
start_nbdkit "${debug[@]}" iscsi \
             "iscsi://bob%the-bob-secret-1@$portal/$iqn/1?$arguments"
nbdinfo "$uri"
nbdinfo --list "$uri"
stop_nbdkit
silent "$nbdkit_log"

# Refused, for one reason after the other.
for rest in "$portal/$iqn/2" "$portal/$iqn-not/1" "127.0.0.1:1/$iqn/1" \
            "$portal/$iqn/x" "$portal:9/$iqn/1" "[::1/$iqn/1" \
            "name.invalid/$iqn/1" "$portal/$iqn/1?foo=1"; do
  for credentials in 'bob%the-bob-secret-1' 'bob:the-bob-secret-1' \
                     'bob%x/the-bob-secret-1'; do
    nbdkit "${debug[@]}" -U - iscsi "iscsi://$credentials@$rest" \
           target-user=target target-password=the-target-secret-2 \
           --run true </dev/null >"$tmp/out" 2>&1 &&
      fail "iscsi://$credentials@$rest was not refused"
    silent "$tmp/out"
  done
done
