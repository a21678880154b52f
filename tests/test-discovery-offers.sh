#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A header digest that is demanded of the target is not demanded of the portal,
# and a portal that hangs up on what it does not know is offered less.

. "${0%/*}/fault-functions.sh"
requires_tgtd
requires_scripted_target
requires nbdinfo --version

listed ()
{
  equal "the list" "$(nbdinfo --list "$uri" | grep '^export=')" \
        "export=\"$iqn/1\":"
  stop_nbdkit
}

set -x
disk_of 1M
tgt --mode target --op update --tid 1 -n HeaderDigest -v CRC32C
start_nbdkit iscsi "iscsi://$portal/" header-digest=crc32c
listed

for drops in CRC32C CHAP; do
  start_scripted --set discovery-drops=$drops
  start_nbdkit iscsi "iscsi://$portal/" user=bob password=an-adequate-secret
  listed
done
# One that refuses the first login, which offers no digest.  The next one offers
# it: where the portal hangs up on such an offer, nothing is listed.
start_scripted
start_nbdkit iscsi "iscsi://$portal/"
scripted rule login login 0200
listed
start_scripted
start_nbdkit iscsi "iscsi://$portal/"
scripted set discovery-drops=CRC32C
scripted rule login login 0200
if exports_listed; then fail "no digest was offered"; fi
stop_nbdkit
# One that insists.
start_scripted --set discovery-drops=None
refused iscsi "iscsi://$portal/"
shows 'the login was cut off' "$tmp/refused.log"
