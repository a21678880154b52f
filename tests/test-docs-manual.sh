#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The first examples of nbdkit-iscsi-plugin(1), in their order, do what the
# page says: look, serve, copy to files and back, from LUN to LUN, with filters.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdcopy --version
requires nbdinfo --version
requires qemu-img --version
requires sfdisk --version
requires_filter cow
requires_filter partition
requires_nbdsh

page=${abs_top_srcdir:-$tests_dir/..}/man/nbdkit-iscsi-plugin.pod
size=$((16 * 1024 * 1024))
cd "$tmp"

# lun TID TARGET LUN: the target's disk is disk$TID.
lun ()
{
  tgt --mode target --op new --tid "$1" -T "iqn.2004-01.com.example:$2"
  tgt --mode target --op bind --tid "$1" -I ALL
  truncate -s $size "disk$1"
  tid=$1 add_lun "$3" "$PWD/disk$1"
}

start_tgtd
lun 1 disks 1
lun 2 mail 2
random_data $((3 * 1024 * 1024)) data
printf 'label: dos\nstart=2048, size=4096\n' | sfdisk disk1 >sfdisk.log
dd if=data of=disk1 bs=1M seek=2 conv=notrunc status=none
cp disk1 original

# A file for each example, block1 and so on: lines that are indented.
sed -n '/^=head1 EXAMPLES/,/^=head2 CHAP/p' "$page" |
  awk '/^ / { if (!inside) n++; inside = 1; print > "block" n; next }
       { inside = 0 }'
sed -i -e "s|storage\.example\.com|$portal|g" -e "s|/run/|$tmp/|g" \
    -e "s|^ nbdkit -U $tmp|nbdkit -P pid -U $tmp|" block*
{
  echo 'set -e -u -o pipefail -x'
  cat block1
  sed 's/^ U=/U2=/; s|:disks/1|:mail/2|' block1
} >variables

cleanup_fn end_daemon "$tmp/pid"

# One that leaves a server behind has $server.
example ()
{
  cat variables "$1" >script
  bash script >out 2>example.log </dev/null
  if grep -q '^nbdkit -P' "$1"; then
    wait_until test -s pid
    server=$(sed -n "s|^nbdkit -P pid -U \([^ ]*\).*|nbd+unix:///?socket=\1|p" "$1")
  fi
}

set -x
seen=0
for ((i = 2; ; i++)); do
  block=block$i
  if ! [ -e $block ]; then break; fi
  cat $block
  seen=$((seen + 1))
  case $(cat $block) in
    *'-i localhost'*)
      # It is for the port that NBD has, which may be taken.
      continue ;;
    *' --list '*)
      example $block
      equal "the list" "$(grep '^export=' out)" \
            'export="iqn.2004-01.com.example:disks/1":
export="iqn.2004-01.com.example:mail/2":' ;;
    *' --map '*)
      example $block
      shows '% +[0-9] data' out ;;
    *'nbdinfo '*)
      example $block
      shows "export-size: $size " out ;;
    *'nbdcopy '*' disk.img'*)
      example $block
      cmp disk.img disk1 ;;
    *'qemu-img convert '*' -O qcow2 '*)
      example $block
      qemu-img compare -f raw disk1 -F qcow2 disk.qcow2 ;;
    *'qemu-img compare '*)
      example $block
      shows 'Images are identical' out ;;
    *'qemu-img convert '*' -O raw '*)
      random_data $size disk1
      example $block
      cmp disk1 original ;;
    *'nbdcopy '*)
      random_data $size disk2
      example $block
      cmp disk1 disk2 ;;
    *--filter=cow*)
      example $block
      run_nbdsh -u "$server" -c 'h.pwrite(b"c" * 4096, 0)' \
                -c 'assert h.pread(4096, 0) == b"c" * 4096'
      cmp disk1 original ;;
    *--filter=partition*)
      example $block
      equal "the size" "$(nbdinfo --size "$server")" $((4096 * 512)) ;;
    *' -U '*)
      example $block
      equal "the size" "$(nbdinfo --size "$server")" $size ;;
    *)
      fail "no check for this example" ;;
  esac
  # Sockets have the same names in several examples.
  end_daemon "$tmp/pid"
  rm -f ./*.sock
done
equal "the number of examples" "$((seen >= 12))" 1
