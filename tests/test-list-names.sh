#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# What a portal tells of its targets: each once and in order; names
# that cannot be those of targets are left out, and told in characters that a
# log can stand.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdinfo --version

list ()
{
  nbdinfo --list "$uri" | sed -n 's/^export="\(.*\)":/\1/p'
}

set -x
# Several portals of each.
start_scripted --set targets=40 --set portals=3
start_nbdkit iscsi "iscsi://$portal/"
list >"$tmp/list"
{ echo "$iqn/1"
  for i in {1..39}; do echo "${iqn%scripted}$i/1"; done
} | sort >"$tmp/wanted"
diff -u "$tmp/wanted" "$tmp/list"
shows_not "left out" "$nbdkit_log"
stop_nbdkit

long=$(printf 'iqn.%0220d' 0)
esc=$(printf '\033')
start_scripted \
  --set "names=id:naa.60014050000000000000000000000001;iqn.x:a${esc}[2Jb;iqn.x:\
$(printf '\xff\xc2\x9b');iqn.x:a/b;12345;$long"
start_nbdkit iscsi "iscsi://$portal/"
list >"$tmp/list"
diff -u - "$tmp/list" <<END
$iqn/1
iqn.x:a/b/1
END
shows 'iqn\.x:a\?\[2Jb is left out of the list: this cannot be the name' \
      "$nbdkit_log"
shows 'iqn\.x:\?\?\? is left out of the list' "$nbdkit_log"
shows 'id:naa.60014050000000000000000000000001 is left out' "$nbdkit_log"
# At the start, and for the list.
equal "the lines" "$(grep -c 'this cannot be the name' "$nbdkit_log")" 10
if grep -q "$esc" "$nbdkit_log"; then fail "the log has an escape"; fi
nbdinfo --size "nbd+unix:///iqn.x:a/b/1?socket=$sock"
