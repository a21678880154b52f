#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that refuses a WRITE SAME or UNMAP for its length, and does not tell
# how long one may be: shorter ones are sent, and from then on at once.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires_nbdsh

set -x
start_scripted --set too-long=2048
random_data $((64 * 1024 * 1024)) "$disk"
start_nbdkit iscsi "$url"
run_nbdsh -u "$uri" -c 'h.zero(32 << 20, 0, nbd.CMD_FLAG_NO_HOLE)'
head -c 32M /dev/zero | cmp --bytes=32M - "$disk"
equal "WRITE commands" "$(scripted_fact write)" 0
same=$(scripted_fact same)
run_nbdsh -u "$uri" -c 'h.zero(32 << 20, 32 << 20, nbd.CMD_FLAG_NO_HOLE)' \
          -c 'h.trim(64 << 20, 0)' -c 'assert h.can_trim()'
head -c 64M /dev/zero | cmp - "$disk"
equal "WRITE SAME commands" "$(scripted_fact same)" $((same + 32))
