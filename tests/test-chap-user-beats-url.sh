#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# user= and password= beat those of the URL, in whichever order they are given.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
add_account bob an-adequate-secret
wrong=iscsi://alice%another-secret@$portal/$iqn/1
start_nbdkit iscsi "$wrong" user=bob password=an-adequate-secret
equal size "$(nbdinfo --size "$uri")" 1048576
start_nbdkit iscsi user=bob password=an-adequate-secret "$wrong"
equal size "$(nbdinfo --size "$uri")" 1048576
start_nbdkit iscsi "iscsi://bob%another-secret@$portal/$iqn/1" \
             password=an-adequate-secret
equal size "$(nbdinfo --size "$uri")" 1048576
