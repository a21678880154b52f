#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# iser:// where there is no RDMA, or with a libiscsi that was built without it:
# the sentence says which.

. "${0%/*}/functions.sh"
requires_plugin
if [ -e /dev/infiniband/rdma_cm ]; then skip "there is RDMA here"; fi

set -x
nbdkit iscsi --dump-plugin >"$tmp/facts"
refused iscsi iser://127.0.0.1:1/iqn.2001-04.com.example:disk/1
if grep -q '^iscsi_iser=yes$' "$tmp/facts"; then
  shows '127.0.0.1:1: cannot connect: there is no RDMA here' "$tmp/refused.log"
else
  shows 'iser://: the libiscsi that is installed was built without iSER' \
        "$tmp/refused.log"
fi
