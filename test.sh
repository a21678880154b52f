#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Install the packages that are missing, build, and run the whole test suite,
# which takes a quarter of an hour on two cores:
#
#   ./test.sh             the plugin as users get it
#   ./test.sh --asan      built with AddressSanitizer and UBSan
#   ./test.sh --tsan      built with ThreadSanitizer
#   ./test.sh --valgrind  the server under valgrind
#
# The last line is ‘N passed, N failed, N skipped’.  The exit code is 0 only
# if all was built and nothing failed.

set -u

cd "$(dirname "$0")" || exit 1

flavour=${1:-}
case $flavour in
  "")         target=check build=. duration="15 minutes" ;;
  --asan)     target=check-asan build=build-asan duration="20 minutes" ;;
  --tsan)     target=check-tsan build=build-tsan duration="half an hour" ;;
  --valgrind) target=check-valgrind build=. duration="an hour or more" ;;
  *)
    sed -n '/^# Install/,/^$/s/^# \{0,1\}//p' "$0"
    exit 1
    ;;
esac

jobs=$(nproc 2>/dev/null || echo 2)

# A step before the tests.  If it fails, that is the one failure.
step ()
{
  echo "== $*"
  if ! "$@"; then
    echo "$0: failed: $*" >&2
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
  fi
}

cat <<EOF
This script installs the packages that are missing (it names them first, and
it takes a minute or two), builds in this directory (a minute), and runs the
test suite ($duration on two cores).
EOF
step ./install-deps.sh build try test lint
if [ ! -f configure ]; then
  step ./autogen.sh
fi
# Always, as what was just installed may have been missing the last time.
step ./configure --enable-gcc-warnings=error
if [ "$build" != . ]; then
  rm -f "$build/Makefile"
fi
step make -j "$jobs"

echo "== make $target"
# Results of tests that are gone must not count.
rm -f "$build"/{fuzz,tests}/*.trs
make -j "$jobs" "$target"
status=$?

# automake writes one .trs for each test.
count ()
{
  cat "$build"/{fuzz,tests}/*.trs 2>/dev/null |
    grep -Ec "^:global-test-result: ($1)\$"
}
passed=$(count 'PASS|XFAIL')
failed=$(count 'FAIL|XPASS|ERROR')
skipped=$(count 'SKIP')

for trs in "$build"/{fuzz,tests}/*.trs; do
  if grep -Eqs '^:global-test-result: (FAIL|XPASS|ERROR)$' "$trs"; then
    echo
    echo "== ${trs%.trs}.log"
    cat "${trs%.trs}.log"
  fi
done
if [ "$skipped" != 0 ]; then
  echo
  echo "== Skipped"
  for trs in "$build"/{fuzz,tests}/*.trs; do
    if grep -qx ':global-test-result: SKIP' "$trs"; then
      name=${trs##*/}
      echo "${name%.trs}: $(tail -n 2 "${trs%.trs}.log" | head -n 1)"
    fi
  done
fi

# Built but not run, or ended half way: that is a failure too.
if [ $status != 0 ] && [ "$failed" = 0 ]; then
  failed=1
fi
if [ "$passed" = 0 ] && [ "$failed" = 0 ]; then
  echo "$0: no test was run" >&2
  failed=1
fi

echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
