#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A core of a server that is logged in has no secret of the credentials file:
# none is left behind by logins, nor by one that was refused, nor by discovery,
# nor by reading the file again.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh
requires gdb --version
if [ "${UNDER_VALGRIND:-}" = 1 ] || [ "${SANITIZER:-none}" != none ]; then
  skip "the checker's memory would be in the core: terabytes"
fi
requires nbdinfo --version

set -x
umask 077
start_tgtd
for tid in 1 2 3; do
  add_target $tid
  truncate -s 1M "$tmp/$tid"
  add_lun 1 "$tmp/$tid"
  add_account user$tid the-secret-of-user$tid
  echo "${iqn%?}$tid user$tid the-secret-of-user$tid"
done >"$tmp/credentials"
tid=2 add_account target2 the-secret-of-target2 --outgoing
sed -i '3s/of-user3/of-nobody/' "$tmp/credentials"
sed -i '2s/$/ target2 the-secret-of-target2/' "$tmp/credentials"
tgt --mode account --op new --user lister --password the-secret-of-lister
tgt --mode account --op bind --user lister
echo "portal:$portal lister the-secret-of-lister" >>"$tmp/credentials"

start_nbdkit iscsi "iscsi://$portal/" credentials="$tmp/credentials"
equal "the list" "$(nbdinfo --list "$uri" | grep -c '^export=')" 2
echo "# changed" >>"$tmp/credentials"
sock=$sock core=$tmp/core pid=$nbdkit_pid name=${iqn%?} run_nbdsh -c - <<'END'
import os
import subprocess

handles = [nbd.NBD() for _ in range(4)]
for i, handle in enumerate(handles):
    handle.set_export_name(f"{os.environ['name']}{1 + i % 2}/1")
    handle.connect_unix(os.environ["sock"])
    handle.pread(512, 0)
subprocess.check_call(["gcore", "-o", os.environ["core"], os.environ["pid"]],
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
END
for secret in user1 user2 target2 nobody lister; do
  equal "how often the secret of $secret is in the core" \
        "$(grep -ao the-secret-of-$secret "$tmp/core.$nbdkit_pid" | wc -l)" 0
done
shows_not the-secret-of "$nbdkit_log"
