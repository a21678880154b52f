#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Sense data that are not there, or that say that they go on: nothing reads
# behind them.  valgrind looks.

export UNDER_VALGRIND=1
. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires valgrind --version
if [ "${SANITIZER:-none}" != none ]; then
  skip "a sanitizer and valgrind do not go together"
fi

start_scripted
start_nbdkit iscsi "$url"
for form in none truncated endless; do
  scripted set "sense=$form"
  scripted rule read check 3/1100
  run_nbdsh -u "$uri" -c 'from scripted_client import fails' \
            -c 'fails(h.pread, 4096, 0)' -c 'h.pread(4096, 0)'
done
