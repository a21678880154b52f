#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Garbage in the pad bytes of what a target answers to a login, as LIO sends it
# for some lengths of user name, and to SendTargets.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdinfo --version

set -x
bob=(user=bob password=an-adequate-secret)
for user in t ta tar targ; do
  start_scripted --set pad=login --set name-length=3${#user} --set targets=2 \
                 --set "chap=5 bob an-adequate-secret $user another-secret"
  start_nbdkit iscsi "$url" "${bob[@]}" \
               target-user=$user target-password=another-secret
  equal size "$(nbdinfo --size "$uri")" 67108864
  stop_nbdkit
  start_nbdkit iscsi "iscsi://$portal/" "${bob[@]}"
  equal "the exports" \
        "$(nbdinfo --list "$uri" | grep -c '^export="iqn.*[dx1]/1":')" 2
  stop_nbdkit
done
