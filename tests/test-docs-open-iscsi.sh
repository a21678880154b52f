#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The commands of docs/from-open-iscsi.md list a portal's LUNs, copy one and go
# over further portals; the defaults that it has for parameters are theirs.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdcopy --version
requires nbdinfo --version

page=${abs_top_srcdir:-$tests_dir/..}/docs/from-open-iscsi.md

disk_of 8M
random_data $((8 * 1024 * 1024)) "$disk"
add_portal

set -x
{
  echo 'set -e -u -o pipefail -x'
  awk -f "$tests_dir/doc-blocks.awk" "$page" |
    sed -e "s|^P=.*|P=${url%/"$iqn"/*}/|" -e "s|^U=.*|U=$url|"
} >"$tmp/page.sh"
equal "the number of commands" "$(grep -c '^nbdkit ' "$tmp/page.sh")" 4
cd "$tmp"
bash page.sh >page.out 2>page.log </dev/null
cmp disk.img "$disk"
shows "^export=\"$iqn/1\":" page.out
shows 'initiator name: iqn\.' page.out
# The LUN alone, too, over whichever portal.
shows '^export="":' page.out

# Defaults: `login-timeout=` (15), `header-digest=` (`none-crc32c`).
nbdkit iscsi --dump-plugin |
  sed -n 's/^iscsi_default_\(.*\)=/\1 /p' | tr _ - >defaults
nbdkit iscsi --help |
  grep -o '^[a-z]*-digest\|(default none[a-z0-9-]*' |
  sed 's/.*(default //' | paste -d ' ' - - >>defaults
# shellcheck disable=SC2016 # backquotes
grep -o '`[a-z-]*=` (`\{0,1\}[a-z0-9-]*`\{0,1\})' "$page" | tr -d '`()=' |
  sort -u >said
equal "the number of defaults" "$(($(wc -l <said) >= 8))" 1
while read -r line; do
  shows "^$line\$" defaults
done <said
