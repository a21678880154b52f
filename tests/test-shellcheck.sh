#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Every shell script passes shellcheck.

set -e

if ! command -v shellcheck >/dev/null; then
  echo "$0: shellcheck is not installed"
  exit 77
fi

cd "${abs_top_srcdir:?run me with make check}"

# A script is known by its name or its first line.  ./nbdkit, in a tree
# that was configured in place, is nbdkit.in once more.
scripts=()
for file in * .ci/* bench/* debian/tests/* examples/* fuzz/* tests/*; do
  if [ -f "$file" ] && [ "$file" != nbdkit ]; then
    if [[ $file = *.sh ]] ||
       head -n 1 "$file" | grep -aq '^#!/usr/bin/env bash$'; then
      scripts+=("$file")
    fi
  fi
done

echo "${scripts[@]}"
# Each test is read together with functions.sh: a minute of work for one.
printf '%s\0' "${scripts[@]}" |
  xargs -0 -n 16 -P "$(nproc || echo 2)" shellcheck --shell=bash
