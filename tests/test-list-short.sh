#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that answers REPORT LUNS with GOOD and hardly any data has told no
# list: the log says so, and a strict list fails.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdinfo --version

start_scripted --rule "luns times=0 data 0000"
start_nbdkit iscsi "${url%/*}" list=strict
if nbdinfo --list "$uri" >"$tmp/list"; then
  fail "a strict list was made of nothing"
fi
shows 'REPORT LUNS was answered with only 2 bytes' "$nbdkit_log"
