#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that never answers WRITE SAME, UNMAP and PRE-FETCH: no request fails
# for that or waits for more than three of them, what was zeroed is zeroes, and
# they are not sent again.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires_nbdsh

set -x
start_scripted
random_data $((1024 * 1024)) "$disk"
truncate -s 64M "$disk"
for what in same unmap prefetch; do scripted rule $what times=0 swallow; done
start_nbdkit iscsi "$url" timeout=2
run_nbdsh -u "$uri" -c - <<'EOF'
from scripted_client import tell


def sent():
    return [word for word in tell("status").split()
            if word.startswith(("same=", "unmap=", "prefetch="))]


calls = ((h.zero, 1 << 20, 0), (h.trim, 1 << 20, 1 << 20),
         (h.cache, 1 << 20, 0))
for call, *args in calls:
    call(*args)
before = sent()
assert before == ["prefetch=1", "same=3", "unmap=3"], before
for call, *args in calls:
    call(*args)
assert sent() == before, (before, sent())
assert h.pread(1 << 20, 0) == bytes(1 << 20)
EOF
