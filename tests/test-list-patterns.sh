#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Finding out which of thousands of targets an export-filter= leaves out as a
# whole may take a minute with some patterns: the list ends at login-timeout, in
# a bounded number of lines.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdinfo --version

start_scripted --set targets=4096 --set portals=0 --set name-length=40 \
               --set text=200000
start_nbdkit iscsi "iscsi://$portal/" 'export-filter=*[x]' login-timeout=2
start=$(now)
equal "the list" "$(nbdinfo --list "$uri" | sed -n '/^export=/p')" ""
within "the list" $(($(now) - start)) "2 s" 15
equal "the lines about targets" "$(grep -c 'left out' "$nbdkit_log")" 101
