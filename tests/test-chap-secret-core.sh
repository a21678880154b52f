#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Once the server is logged in, over however many sessions, a core of it has each
# CHAP secret where it is kept for the next login, and in no session: in the
# settings, and in what finds the credentials of a target.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh
requires gdb --version
if [ "${UNDER_VALGRIND:-}" = 1 ] || [ "${SANITIZER:-none}" != none ]; then
  skip "the checker's memory would be in the core: terabytes"
fi

set -x
disk_of 1M
add_account bob an-adequate-secret
add_account tgt a-secret-of-the-target --outgoing
echo an-adequate-secret >"$tmp/secret"
echo a-secret-of-the-target >"$tmp/target-secret"
start_nbdkit iscsi "$url" user=bob password=+"$tmp/secret" \
             target-user=tgt target-password=+"$tmp/target-secret"
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
for secret in an-adequate-secret a-secret-of-the-target; do
  n=$(grep -ao $secret "$tmp/core.$nbdkit_pid" | wc -l)
  [ "$n" -le 2 ] || fail "$secret is in the core $n times"
done
