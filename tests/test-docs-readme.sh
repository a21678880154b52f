#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The commands of README.md show a LUN, copy it, and serve it with CHAP on a
# socket that only its user can open.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdcopy --version
requires nbdinfo --version

top=${abs_top_srcdir:-$tests_dir/..}
cd "$tmp"

cleanup_fn end_daemon "$tmp/pid"

set -x
disk_of 8M
random_data $((8 * 1024 * 1024)) "$disk"
awk -f "$tests_dir/doc-blocks.awk" "$top/README.md" |
  sed -e "s|^U=.*|U=$url|" -e 's|^nbdkit -U|nbdkit -P pid -U|' >commands
equal "the number of commands" "$(grep -c '^nbdkit ' commands)" 3
{ echo 'set -e -u -x'; grep -v password= commands; } >first.sh
{ echo 'set -e -u -x'; grep -e ^U= -e password= commands; } >second.sh
shows '^nbdkit -P pid' second.sh

bash first.sh >first.out 2>first.log </dev/null
shows 'export-size: 8388608' first.out
cmp disk.img "$disk"

add_account bob an-adequate-secret
echo an-adequate-secret >secret
bash second.sh >second.log 2>&1 </dev/null
wait_until test -s pid
equal "who can open the socket" "$(stat -c %A lun.sock | cut -c 5-)" "r-xr-x"
equal "the size" "$(nbdinfo --size "nbd+unix:///?socket=$tmp/lun.sock")" 8388608
