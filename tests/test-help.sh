#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdkit iscsi --help names every parameter, as the manual does, and what it
# takes; --version the version.

. "${0%/*}/functions.sh"
requires_plugin

top=${abs_top_srcdir:-$tests_dir/..}

set -x
nbdkit iscsi --help >"$tmp/help"
cat "$tmp/help"
# The plugin's part begins where nbdkit has named its file.
sed '1,/nbdkit-iscsi-plugin\.so)$/d' "$tmp/help" >"$tmp/ours"
# What the plugin takes, in the help, and in the manual.
sed -n 's/.*strcmp (key, "\([a-z-]*\)").*/\1/p' "$top/plugin/parameters.c" |
  sort >"$tmp/taken"
sed -n 's/^\[\{0,1\}\([a-z][a-z-]*\)\]\{0,1\}=.*/\1/p' "$tmp/ours" |
  sort >"$tmp/helped"
sed -n 's/^=item \[\{0,1\}B<\([a-z][a-z-]*\)=.*/\1/p' \
    "$top/man/nbdkit-iscsi-plugin.pod" | sort -u >"$tmp/documented"
grep -qx url "$tmp/taken"
diff "$tmp/taken" "$tmp/helped"
diff "$tmp/taken" "$tmp/documented"
# A key is followed by a word that stands for its values.
sed -nE 's/^\[?[a-z-]+=\]?<([A-Z]+).*/\1/p' "$tmp/help" >"$tmp/words"
equal "the number of keys with such a word" \
      "$(wc -l <"$tmp/words")" "$(wc -l <"$tmp/taken")"
while read -r word; do
  case $word in
    # Any text; and a name of which the line says what it is.
    FILE|HOST|NAME|PASSWORD|URL|USER) ;;
    HOW) shows ' implicit, explicit or off' "$tmp/help" ;;
    GLOB) shows ' Which exports there are' "$tmp/help" ;;
    MODE) shows ' partial or strict' "$tmp/help" ;;
    DIGEST) shows ' none, crc32c, crc32c-none or none-crc32c$' "$tmp/help" ;;
    N) shows ' 1 to 64$' "$tmp/help" ;;
    *) shows "^$word is " "$tmp/help" ;;
  esac
done <"$tmp/words"
equal "the number of lines that are too long" \
      "$(grep -Ec '.{81}' "$tmp/ours" || true)" 0
nbdkit iscsi --version
