#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# An open has one limit, login-timeout and recovery-timeout together, whatever
# the LUN does to its questions: one that answers none of them is told as soon,
# and so is one that keeps on answering BUSY; to the first client, to one that
# asks by name, and to those who come after it.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

refused ()
{
  local start

  start=$(now)
  if nbdinfo --size "$1" >"$tmp/out" 2>&1; then fail "$1 is let in"; fi
  within "refused ($2)" $(($(now) - start)) "6 s" 24
}

set -x
start_scripted --set luns=3 --set login-ua=0 --rule "scsi#2 times=0 swallow" \
               --rule "vpd#3 times=0 busy"
start_nbdkit iscsi "iscsi://$portal/$iqn" timeout=$((slack * 30)) \
             login-timeout=3 recovery-timeout=3
nbdinfo --size "nbd+unix:///1?socket=$sock"
refused "nbd+unix:///2?socket=$sock" "no answer"
refused "nbd+unix:///2?socket=$sock" "no answer, again"
refused "nbd+unix:///3?socket=$sock" "busy"
nbdinfo --size "nbd+unix:///1?socket=$sock"
shows "LUN 2: .*: the target did not answer in time" "$nbdkit_log"

# Those who ask at a time do not wait for each other.
start=$(now)
for _ in 1 2 3; do
  nbdinfo --size "nbd+unix:///2?socket=$sock" >"$tmp/out" 2>&1 &
  pids+=($!)
done
for pid in "${pids[@]}"; do
  if wait "$pid"; then fail "a client is let in"; fi
done
within "three at a time" $(($(now) - start)) "6 s" 24
