#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# nbdkit iscsi --help names every parameter, as the manual does, and --version
# the version.

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
equal "the number of lines that are too long" \
      "$(grep -Ec '.{81}' "$tmp/ours" || true)" 0
nbdkit iscsi --version
