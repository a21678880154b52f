#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A portal tells its targets in as many pieces as it likes: all are listed.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdinfo --version

set -x
{ echo iqn.2001-04.com.example:scripted/1
  for i in {1..39}; do echo "iqn.2001-04.com.example:$i/1"; done
} | sort >"$tmp/wanted"
# Inside of keys, mostly; the last is in one.
for size in 100 1000 1 100000; do
  start_scripted --set targets=40 --set portals=3 --set text=$size
  start_nbdkit iscsi login-timeout=120 "iscsi://$portal/"
  nbdinfo --list "$uri" | sed -n 's/^export="\(.*\)":/\1/p' >"$tmp/list"
  diff -u "$tmp/wanted" "$tmp/list"
  stop_nbdkit
done
start_scripted --set targets=40 --set text=100
scripted rule 'text times=0 skip=3 swallow'
refused_with 'discovery: no answer in time' iscsi "iscsi://$portal/"
