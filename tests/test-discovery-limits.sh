#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A portal that tells of more than 4096 targets, or of more than 64 portals of
# one: refused with a sentence, at once, and not looked up one by one.  As many
# are taken, in as many pieces as it likes.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdinfo --version

for many in "targets=4097 portals=0" portals=65 portals=6000; do
  options=()
  for option in $many; do options+=(--set "$option"); done
  start_scripted "${options[@]}"
  refused iscsi "${url%/*/*}/"
  shows 'more than 4096 targets, or of one with more than 64 portals' \
        "$tmp/refused.log"
done

# 256 KiB of names are more than one PDU may bring.
start_scripted --set targets=20000 --set portals=0
refused iscsi "${url%/*/*}/"
shows 'discovery: it sent too much data at once' "$tmp/refused.log"

# Text that is longer than of all that are taken, or comes in too many PDUs, is
# given up before its end.
start_scripted --set targets=10000 --set portals=64 --set name-length=223 \
               --set text=200000
refused iscsi "${url%/*/*}/" login-timeout=60
shows 'discovery: it sent too much data at once' "$tmp/refused.log"

ping=2080000000000000$(printf '0%.0s' {1..16})ffffffffffffffff
start_scripted --rule "text times=0 flood 70000x$ping"
refused iscsi "${url%/*/*}/" login-timeout=60
shows 'discovery: it sent too much data at once' "$tmp/refused.log"

# All of them together are 18 MiB of text.
start_scripted --set targets=4096 --set portals=64 --set name-length=223 \
               --set text=200000
start_nbdkit iscsi "iscsi://$portal/" 'export-filter=*:409?xxx*' \
             login-timeout=120
nbdinfo --list "$uri" >"$tmp/list"
equal "the exports" "$(grep -c '^export="iqn.*:409[0-5]x*/1":' "$tmp/list")" 6
mib=$(awk '/^VmHWM/ { print int ($2 / 1024) }' "/proc/$nbdkit_pid/status")
echo "measured: memory at most: $mib MiB"
[ "${SANITIZER:-none}" != none ] || [ "${UNDER_VALGRIND:-}" = 1 ] ||
  [ "$mib" -lt 100 ] || fail "it takes more than 100 MiB"
