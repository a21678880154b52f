#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The portal accepts the connection and stays silent, or the target accepts
# the login and stays silent: a clear error, soon enough.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
# silent WHAT
silent ()
{
  scripted rules clear
  scripted rule "$1" times=0 swallow
  before=$(now)
  refused iscsi "$url"
  within "start, $1 without an answer" $(($(now) - before)) "15 s" 60
  shows 'LUN 1: TEST UNIT READY failed: the target did not answer|127\.0\.0\.1' "$tmp/refused.log"
}
silent login
silent tur
