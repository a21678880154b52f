#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdkit as a daemon: the plugin works after the fork, with file names that
# were relative before it.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh

set -x
disk_of 1M
add_account bob an-adequate-secret
echo an-adequate-secret >"$tmp/secret"
cd "$tmp"
cleanup_fn end_daemon "$tmp/pid"
nbdkit -U "$tmp/sock" -P "$tmp/pid" iscsi "$url" user=bob password=+secret
wait_until [ -s "$tmp/pid" ]
uri="nbd+unix:///?socket=$tmp/sock"
equal size "$(nbdinfo --size "$uri")" 1048576
run_nbdsh -u "$uri" -c 'h.pwrite(b"x" * 512, 1024)' -c 'h.flush()'
equal "the byte at 1024" "$(tail -c +1025 "$disk" | head -c 1)" x
