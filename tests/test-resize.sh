#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The capacity is read at every open: a LUN that grew or shrank is served with
# its new size to the clients that come afterwards.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
disk_of 8M
start_nbdkit iscsi "$url"
equal "the first size" "$(nbdinfo --size "$uri")" $((8 << 20))

# tgtd looks at the size of the file when the LUN is made.
resize ()
{
  tgt --mode logicalunit --op delete --tid 1 --lun 1
  truncate -s "$1" "$disk"
  add_lun 1 "$disk"
}

resize 16M
equal "the size when it has grown" "$(nbdinfo --size "$uri")" $((16 << 20))
resize 4M
equal "the size when it has shrunk" "$(nbdinfo --size "$uri")" $((4 << 20))
