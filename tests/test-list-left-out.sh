#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target or a LUN that cannot be asked is left out of the list, and the log
# says so; a controller is nothing that is missed.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

set -x
start_tgtd
truncate -s 1M "$tmp/disk"
for tid in 1 2; do
  add_target $tid
  add_lun 1 "$tmp/disk"
done
tid=1 add_account bob an-adequate-secret
tid=2 set_lun 1 removable=1,online=0
name=${iqn%?}

start_nbdkit iscsi "iscsi://$portal/"
nbdinfo --list "$uri" >"$tmp/list" || true
shows "error: ${name}1 is left out of the list: the target wants CHAP" \
      "$nbdkit_log"
shows "error: ${name}2/1 is left out of the list: .*no medium" "$nbdkit_log"
equal "what is left out" "$(grep -c "left out of the list" "$nbdkit_log")" 2
stop_nbdkit

# With list=strict the list fails for the target, but not for the drive, which
# has told that there is nothing in it.
start_nbdkit iscsi "iscsi://$portal/" list=strict
if nbdinfo --list "$uri"; then fail "the list is complete"; fi
shows "the list is not complete, as list=strict wants it: ${name}1: the targ" \
      "$nbdkit_log"
stop_nbdkit
tgt --mode account --op unbind --tid 1 --user bob
start_nbdkit iscsi "iscsi://$portal/" list=strict
nbdinfo --list "$uri" >"$tmp/list"
equal "the list" "$(grep '^export=' "$tmp/list")" "export=\"${name}1/1\":"
stop_nbdkit
refused iscsi "iscsi://$portal/" list=complete
shows 'list=complete: it is partial or strict' "$tmp/refused.log"
