#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# In the pages in Markdown: what a link leads to is there, and is in the tarball;
# each filter of nbdkit that is named there is; each parameter, in a code span,
# that looks like one of the plugin's is one.

. "${0%/*}/functions.sh"
requires_plugin
requires_filter cow

top=${abs_top_srcdir:-$tests_dir/..}
cd "$top"
pages=(*.md docs/*.md docs/*/*.md)
wrong=0

# found PATTERN FILE: what matches; nothing is fine, too.
found ()
{
  grep -o -e "$1" "$2" || true
}

complain ()
{
  echo "$1: $2"
  wrong=1
}

for page in "${pages[@]}"; do
  while read -r link; do
    link=${link%%#*}
    case $link in
      ''|*://*|mailto:*) continue ;;
    esac
    [ -e "${page%"${page##*/}"}$link" ] ||
      complain "$page" "there is no $link"
  done < <(found '](\([^)]*\))' "$page" | sed 's/^](//; s/)$//')

  # Those that came with later versions of nbdkit than this one would be wrong
  # here, too: the oldest that can be used has to do.
  while read -r filter; do
    nbdkit "--filter=$filter" null --version >/dev/null 2>&1 ||
      complain "$page" "nbdkit has no filter $filter"
  done < <(found '--filter=[a-z][a-z0-9-]*' "$page" |
             sed 's/.*=//' | sort -u)

  grep -Fq "$page" Makefile.am || complain "$page" "is not in Makefile.am"
done

# In the tables of options, on our side.
nbdkit iscsi --help |
  sed -n 's/^\[\{0,1\}\([a-z][a-z-]*\)\]\{0,1\}=.*/\1/p' >"$tmp/keys"
for page in docs/from-*.md; do
  while read -r key; do
    grep -qx -e "$key" "$tmp/keys" || complain "$page" "no parameter $key="
  done < <(sed -n 's/^| [^|]* | \([^|]*\) |.*/\1/p' "$page" |
             grep -o '`[a-z-]*=[^`]*`' | sed 's/`\([a-z-]*\)=.*/\1/' |
             grep -v '^-')
done
equal "the number of what is wrong" $wrong 0
