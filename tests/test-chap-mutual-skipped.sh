#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that is to prove itself and leaves out the security stage of the
# login is refused, whatever it pretends to have proved.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

for pretend in 0x00000000000000000000000000000000 0xdead 0Xdead \
               0x0123456789abcdef0123456789abcdef 0b3q2+7w; do
  start_scripted --set pretend=$pretend
  refused iscsi "$url" user=bob password=an-adequate-secret \
          target-user=pretender target-password=another-secret-of-it
  shows 'prove' "$tmp/refused.log"
done

# Served, if it pretends nothing and need not prove itself.
start_scripted
start_nbdkit iscsi "$url"
run_nbdsh -u "$uri" -c 'h.pread(512, 0)'
