#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Sense in descriptor format, no sense at all and half of it: an error is an
# error, and nothing else breaks.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url" timeout=2
for form in descriptor none truncated endless; do
  scripted set "sense=$form"
  scripted rule read check 3/1100
  if nbdsh_read=$(run_nbdsh -u "$uri" -c 'h.pread (4096, 0)' 2>&1); then
    fail "a read with a medium error worked"
  fi
  case $nbdsh_read in
    *"Input/output error"*) ;;
    *) fail "$nbdsh_read" ;;
  esac
  run_nbdsh -u "$uri" -c 'h.pread (4096, 0)'
done

# What can be retried is, in either format that can be read.
for form in fixed descriptor; do
  scripted set "sense=$form"
  scripted rule read times=3 check 6/2a09
  scripted rule read times=2 check b/4700
  run_nbdsh -u "$uri" -c 'h.pread (4096, 0)'
done
