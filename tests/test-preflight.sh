#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# preflight=false starts a server although its target is down; clients are
# served as soon as it is up.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 1M
end_process "$tgtd_pid"
rm -f "$tgt_socket"*
refused iscsi "$url"
start_nbdkit iscsi "$url" preflight=false login-timeout=3
if nbdinfo --size "$uri"; then fail "there is no target"; fi
shows "$portal: .*refused" "$nbdkit_log"

# The same address again; it may have been taken by somebody else.
TGT_IPC_SOCKET=$tgt_socket tgtd -f -C 0 --iscsi "portal=$portal" \
  </dev/null >"$tmp/tgtd-again.log" 2>&1 &
cleanup_fn end_process $!
wait_until tgt --mode portal --op show
tgt --mode portal --op show | grep -F "$portal" ||
  skip "somebody has taken port ${portal##*:} in between"
add_target
add_lun 1 "$disk"
wait_until nbdinfo --size "$uri"
equal size "$(nbdinfo --size "$uri")" 1048576
