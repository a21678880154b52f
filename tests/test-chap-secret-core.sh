#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Once the server is logged in, over however many sessions, a core of it has no
# CHAP secret, nor the end of one, as buffers leave it behind that were freed:
# whether it was read from a file or a file descriptor.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh
requires gdb --version
if [ "${UNDER_VALGRIND:-}" = 1 ] || [ "${SANITIZER:-none}" != none ]; then
  skip "the checker's memory would be in the core: terabytes"
fi

set -x
disk_of 1M
add_account bob an-adequate-secret-that-is-long
add_account tgt a-secret-of-the-target-as-long --outgoing
echo a-secret-of-the-target-as-long >"$tmp/target-secret"
echo an-adequate-secret-that-is-long >"$tmp/secret"
start_nbdkit iscsi "$url" user=bob password=-9 \
             target-user=tgt target-password=+"$tmp/target-secret" \
             9<"$tmp/secret"
sock=$sock core=$tmp/core pid=$nbdkit_pid run_nbdsh -c - <<'END'
import os
import subprocess

handles = [nbd.NBD() for _ in range(4)]
for handle in handles:
    handle.connect_unix(os.environ["sock"])
    handle.pread(512, 0)
subprocess.check_call(["gcore", "-o", os.environ["core"], os.environ["pid"]],
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
END
for end in secret-that-is-long the-target-as-long; do
  equal "how often $end is in the core" \
        "$(grep -ao $end "$tmp/core.$nbdkit_pid" | wc -l)" 0
done
