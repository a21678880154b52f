#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that refuses SYNCHRONIZE CACHE once, as one does that is failing
# over: the flush is an error, and later ones reach the target again.  A LUN
# without a write cache has nothing to flush.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires_nbdsh

set -x
start_scripted
start_nbdkit iscsi "$url"
scripted rule flush times=2 check 5/2000
run_nbdsh -u "$uri" -c - <<'EOF'
h.pwrite(b"x" * 512, 0)
try:
    h.flush()
    raise AssertionError("the flush succeeded")
except nbd.Error as e:
    assert e.errnum == errno.EIO, e
h.flush()
EOF
equal "SYNCHRONIZE CACHE commands" "$(scripted_fact flush)" 3
shows 'does not carry out SYNCHRONIZE CACHE' "$nbdkit_log"

scripted set wce=0
scripted rule flush times=0 check 5/2000
run_nbdsh -u "$uri" -c 'h.flush()' -c 'h.flush()'
equal "SYNCHRONIZE CACHE commands" "$(scripted_fact flush)" 7
