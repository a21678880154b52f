#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdfuse mounts a LUN as a file.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdfuse --version
# nbdfuse that cannot mount leaves its server running.
requires test -w /dev/fuse
requires command -v fusermount3
# For all but root it ends only mounts that it finds there.
if [ "$(id -u)" != 0 ]; then requires test -e /etc/mtab; fi

set -x
disk_of 1M
random_data 1048576 "$disk"
mkdir "$tmp/mnt"
nbdfuse "$tmp/mnt" [ nbdkit iscsi "$url" ] >"$tmp/nbdfuse.log" 2>&1 &
pid=$!
unmount ()
{
  fusermount3 -u "$tmp/mnt" 2>/dev/null || kill "$pid" 2>/dev/null || true
  wait "$pid" || true
}
cleanup_fn unmount
until [ -e "$tmp/mnt/nbd" ]; do
  kill -0 $pid || skip "nbdfuse cannot mount here: $(cat "$tmp/nbdfuse.log")"
  sleep 0.05
done
cmp "$disk" "$tmp/mnt/nbd"
random_data 65536 "$tmp/data"
dd if="$tmp/data" of="$tmp/mnt/nbd" bs=4096 seek=1 conv=notrunc,fsync \
   status=none
cmp --ignore-initial=0:4096 --bytes=65536 "$tmp/data" "$disk"
