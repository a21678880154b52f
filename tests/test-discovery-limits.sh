#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A portal that tells of thousands of targets, or of thousands of portals of
# one: refused with a sentence, at once, and not looked up one by one.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

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
