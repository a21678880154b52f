#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The empty name is the only disk or CD, where there is exactly one, and never
# a guess; the log tells how to choose.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version

none ()
{
  if nbdinfo --size "$uri"; then fail "there is a default"; fi
  shows "$1" "$nbdkit_log"
  stop_nbdkit
}

set -x
start_tgtd
add_target 1
add_target 2
truncate -s 1M "$tmp/1"
truncate -s 2M "$tmp/2"
for rest in "" "$iqn"; do
  start_nbdkit iscsi "iscsi://$portal/$rest"
  none 'no LUN that is a disk or a CD can be reached'
done

tid=1 add_lun 300 "$tmp/1"
start_nbdkit iscsi "iscsi://$portal/"
equal size "$(nbdinfo --size "$uri")" 1048576
stop_nbdkit

# Another one that may be there: it takes a password.
tid=2 add_account bob an-adequate-secret
start_nbdkit iscsi "iscsi://$portal/"
none "whether ${iqn%?}1/300 is the only disk here: .*: $iqn: .*wants CHAP"
# Neither can be asked.
tgt --mode account --op bind --tid 1 --user bob
start_nbdkit iscsi "iscsi://$portal/"
none 'which is the only disk here: ask for it by name .*: iqn\..*: .*wants CHAP'
tgt --mode account --op unbind --tid 1 --user bob
tgt --mode account --op unbind --tid 2 --user bob

# Two targets with one each; then a target with two, of which one is no use.
tid=2 add_lun 1 "$tmp/2"
start_nbdkit iscsi "iscsi://$portal/"
none "more than one disk or CD here: .* as in ${iqn%?}1/300 or $iqn/1 "
start_nbdkit iscsi "iscsi://$portal/$iqn"
equal size "$(nbdinfo --size "$uri")" 2097152
stop_nbdkit
tid=2 add_lun 2 "$tmp/1"
tid=2 set_lun 2 removable=1,online=0
start_nbdkit iscsi "iscsi://$portal/$iqn"
none "whether 1 is the only disk here: .*no medium"
start_nbdkit iscsi "iscsi://$portal/$iqn" 'export-filter=!2'
equal size "$(nbdinfo --size "$uri")" 2097152
