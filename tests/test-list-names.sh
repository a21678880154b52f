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
# Once for each list that was asked for, and nbdinfo may ask twice.
sed -n 's/.*error: \(.*\) is left out of the list: this cannot be the name.*/\1/p' \
    "$nbdkit_log" | sort -u >"$tmp/left-out"
equal "the names that are left out" "$(wc -l <"$tmp/left-out")" 5
if grep -q "$esc" "$nbdkit_log"; then fail "the log has an escape"; fi
nbdinfo --size "nbd+unix:///iqn.x:a/b/1?socket=$sock"
# What has no name may be another disk: there is no only one.
stop_nbdkit
start_nbdkit iscsi "iscsi://$portal/" 'export-filter=!iqn.x:a/b/*' \
             list=strict
if nbdinfo --size "$uri"; then fail "there is a default"; fi
shows "whether $iqn/1 is the only disk here: .*its name cannot be that" \
      "$nbdkit_log"
# Nor is a strict list made without it,
if nbdinfo --list "$uri"; then fail "the list is complete"; fi
shows 'list=strict wants it: 127.0.0.1: 5 of its targets have names that' \
      "$nbdkit_log"
stop_nbdkit
# unless the filter leaves it out.
start_nbdkit iscsi "iscsi://$portal/" 'export-filter=*:scripted/*' list=strict
equal "the list" "$(list)" "$iqn/1"
equal size "$(nbdinfo --size "$uri")" 67108864
shows_not 'left out' "$nbdkit_log"
