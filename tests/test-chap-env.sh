#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The LIBISCSI_CHAP_* variables are defaults: what is on the command line beats
# them, and mutual CHAP from there is done.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
add_account bob an-adequate-secret
export LIBISCSI_CHAP_USERNAME=bob LIBISCSI_CHAP_PASSWORD=an-adequate-secret
start_nbdkit iscsi "$url"
equal size "$(nbdinfo --size "$uri")" 1048576
stop_nbdkit

export LIBISCSI_CHAP_PASSWORD=a-wrong-secret
refused iscsi "$url"
shows 'check LIBISCSI_CHAP_USERNAME and LIBISCSI_CHAP_PASSWORD \(of the env' \
      "$tmp/refused.log"
refused iscsi "$url" user=bob
shows 'check user= and LIBISCSI_CHAP_PASSWORD' "$tmp/refused.log"
start_nbdkit iscsi "$url" password=an-adequate-secret
equal size "$(nbdinfo --size "$uri")" 1048576
stop_nbdkit

export LIBISCSI_CHAP_USERNAME=alice
start_nbdkit iscsi "$url" user=bob password=an-adequate-secret
stop_nbdkit

# tgtd cannot prove anything yet.
export LIBISCSI_CHAP_TARGET_USERNAME=target
export LIBISCSI_CHAP_TARGET_PASSWORD=the-secret-of-the-target
refused iscsi "$url" user=bob password=an-adequate-secret
add_account other the-secret-of-another --outgoing
refused iscsi "$url" user=bob password=an-adequate-secret
shows 'check LIBISCSI_CHAP_TARGET_USERNAME and LIBISCSI_CHAP_TARGET_PASSW' \
      "$tmp/refused.log"
tgt --mode account --op unbind --tid 1 --user other --outgoing
add_account target the-secret-of-the-target --outgoing
start_nbdkit iscsi "$url" user=bob password=an-adequate-secret
equal size "$(nbdinfo --size "$uri")" 1048576
