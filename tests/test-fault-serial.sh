#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that carries out UNMAP and WRITE SAME one at a time, each well inside
# the timeout: a request that takes many of them does not fail because the last
# ones have to wait.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires_nbdsh

set -x
start_scripted --set max-unmap=8192 --set one-by-one=300 --set too-long=8192
start_nbdkit iscsi "$url" timeout=2
run_nbdsh -u "$uri" -c 'h.trim(64 << 20, 0)' \
          -c 'h.zero(64 << 20, 0, nbd.CMD_FLAG_NO_HOLE)'
