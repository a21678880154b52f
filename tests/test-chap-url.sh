#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# CHAP with the user and the password in the URL: libiscsi's form, taken
# literally, and the standard one, %-decoded; and with an iSCSI name as the
# user, which has a ':'.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
add_account 'bob' 'p%2F@:sw?rd=12'
rest=$portal/$iqn/1
for credentials in 'bob%p%2F@:sw?rd=12' 'bob:p%252F%40%3Asw%3Frd%3D12'; do
  start_nbdkit iscsi "iscsi://$credentials@$rest"
  equal size "$(nbdinfo --size "$uri")" 1048576
  stop_nbdkit
done
# Decoded it is another one.
refused iscsi "iscsi://bob:p%2F%40%3Asw%3Frd%3D12@$rest"
shows 'CHAP' "$tmp/refused.log"

add_account 'iqn.1994-05.com.redhat:abc' 'p%41:sw?rd=12'
for credentials in 'iqn.1994-05.com.redhat:abc%p%41:sw?rd=12' \
                   'iqn.1994-05.com.redhat%3Aabc:p%2541%3Asw%3Frd%3D12'; do
  start_nbdkit iscsi "iscsi://$credentials@$rest"
  equal size "$(nbdinfo --size "$uri")" 1048576
  stop_nbdkit
done
