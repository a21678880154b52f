#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Each command of docs/backup.md does what the page says, in the order of the
# page: the copies are the LUN, and the LUN after a restore is the copy.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdcopy --version
requires nbdinfo --version
requires qemu-img --version
requires sfdisk --version
requires_filter partition
requires_filter rate
requires_filter truncate

page=${abs_top_srcdir:-$tests_dir/..}/docs/backup.md

disk_of 24M
set_lun 1 thin_provisioning=1
random_data $((5 * 1024 * 1024)) "$tmp/data"
printf 'label: dos\nstart=6144, size=8192\n' | sfdisk "$disk" >"$tmp/sfdisk.log"
dd if="$tmp/data" of="$disk" bs=1M seek=3 conv=notrunc status=none
cp --sparse=always "$disk" "$tmp/original"

# The page's LUN and directory are placeholders.
{
  echo 'set -e -u -o pipefail -x'
  awk -f "$tests_dir/doc-blocks.awk" "$page" |
    sed -e "s|^U=.*|U=$url|" -e "s|^B=.*|B=$tmp/backup|"
} >"$tmp/page.sh"
equal "the number of commands of the page" \
      "$(($(grep -Ec '^([A-Z]+=[a-zA-Z0-9]+ )?(nbdkit|examples/)' "$tmp/page.sh") >= 15))" 1
mkdir "$tmp/backup"

# Up to the restore the LUN is only read.
cd "${page%/docs/*}"
sed '/--flush/,$d' "$tmp/page.sh" >"$tmp/first.sh"
sed -n -e '/^U=/p; /^B=/p; /^set/p' -e '/--flush/,$p' "$tmp/page.sh" \
    >"$tmp/second.sh"
bash "$tmp/first.sh"
cmp "$disk" "$tmp/original"
for copy in disk.img lun.img; do
  cmp "$disk" "$tmp/backup/$copy"
  [ "$(stat -c %b "$tmp/backup/$copy")" -lt $((8 * 1024 * 2)) ] ||
    fail "$copy has no holes"
done
gzip -dc "$tmp/backup/disk.gz" | cmp - "$disk"
qemu-img compare -f raw "$disk" -F qcow2 "$tmp/backup/disk.qcow2"

# The restore has something to do.
random_data $((24 * 1024 * 1024)) "$disk"
bash "$tmp/second.sh" | tee "$tmp/second.out"
cmp "$disk" "$tmp/original"
shows '^OK' "$tmp/second.out"
equal "the size of the partition" "$(stat -c %s "$tmp/backup/part1.img")" \
      $((8192 * 512))
cmp -n $((8192 * 512)) "$tmp/backup/part1.img" "$tmp/data"
