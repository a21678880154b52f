#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The charts of docs/charts are what bench/charts.py makes of the result files
# beside them.

. "${0%/*}/functions.sh"
requires python3 --version

top=${abs_top_srcdir:-$tests_dir/..}

mkdir "$tmp/charts"
cp "$top/docs/charts"/*.tsv "$tmp/charts"
python3 "$top/bench/charts.py" "$tmp/charts"
diff -r "$top/docs/charts" "$tmp/charts" ||
  fail "the charts are not up to date: run bench/charts.py docs/charts"
for chart in "$tmp/charts"/*.svg; do
  python3 -c '
import sys
import xml.dom.minidom
assert xml.dom.minidom.parse(sys.argv[1]).documentElement.tagName == "svg"' \
    "$chart"
done
