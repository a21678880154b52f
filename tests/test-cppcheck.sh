#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# cppcheck finds nothing in the C sources.

set -e

if ! command -v cppcheck >/dev/null; then
  echo "$0: cppcheck is not installed"
  exit 77
fi

cd "${abs_top_srcdir:?run me with make check}"

sources=()
for file in plugin/*.c plugin/*/*.c fuzz/*.c tests/*.c bench/*.c; do
  if [ -f "$file" ]; then
    sources+=("$file")
  fi
done

# bsd is the library where cppcheck knows errx, which does not return.  That it
# does not follow every branch of a long function is no finding.
cppcheck --quiet --error-exitcode=1 --std=c11 --language=c --library=bsd \
         --enable=warning,performance,portability --inline-suppr \
         --suppress=missingInclude --suppress=missingIncludeSystem \
         --suppress=normalCheckLevelMaxBranches \
         -I plugin -I plugin/base -I plugin/pure -I plugin/scsi \
         -I plugin/block -I plugin/iscsi -I plugin/target -I tests \
         -I "${abs_top_builddir:?}" \
         "${sources[@]}"
