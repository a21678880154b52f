#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Mutual CHAP: the target proves itself, by parameters and by the arguments of
# the URL.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
add_account bob an-adequate-secret
add_account target the-secret-of-the-target --outgoing
start_nbdkit iscsi "$url" user=bob password=an-adequate-secret \
             target-user=target target-password=the-secret-of-the-target
equal size "$(nbdinfo --size "$uri")" 1048576
stop_nbdkit

arguments='target_user=target&target_password=the-secret%2dof-the-target'
start_nbdkit iscsi \
             "iscsi://bob%an-adequate-secret@$portal/$iqn/1?$arguments"
equal size "$(nbdinfo --size "$uri")" 1048576
stop_nbdkit

# The target can, but is not asked to.
start_nbdkit iscsi "$url" user=bob password=an-adequate-secret
equal size "$(nbdinfo --size "$uri")" 1048576
