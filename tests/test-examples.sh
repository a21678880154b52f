#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The scripts of examples/ when something is wrong: a backup that fails leaves
# the old copy, a restore is refused before anything is written, a check says
# what is the matter and has the exit status for it.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdcopy --version
requires nbdinfo --version
requires_filter truncate
requires_filter rate
requires_filter error

examples=${abs_top_srcdir:-$tests_dir/..}/examples

fails ()
{
  local expected=$1 status=0

  shift
  "$@" >"$tmp/failed.log" 2>&1 || status=$?
  cat "$tmp/failed.log"
  equal "the exit status of $1" $status "$expected"
}

set -x
disk_of 8M
random_data $((8 * 1024 * 1024)) "$disk"
cp "$disk" "$tmp/original"
"$examples/backup-lun.sh" "$url" "$tmp/copy"
cmp "$disk" "$tmp/copy"
"$examples/check-lun.sh" "$url" >"$tmp/check"
equal "what the check says" "$(cat "$tmp/check")" "OK: the LUN can be read"

# A server that runs is asked in the same way.
start_nbdkit iscsi "$url"
"$examples/check-lun.sh" "$uri"

# No target there: the copy stays what it was.
cp "$tmp/copy" "$tmp/copy.before"
fails 1 "$examples/backup-lun.sh" "iscsi://127.0.0.1:1/$iqn/1" "$tmp/copy"
cmp "$tmp/copy" "$tmp/copy.before"
if [ -e "$tmp/copy.part" ]; then fail "a part of a copy is left behind"; fi
fails 2 "$examples/check-lun.sh" "iscsi://127.0.0.1:1/$iqn/1"
shows '^CRITICAL: 127.0.0.1:1: connection refused' "$tmp/failed.log"
# A warning is not the reason.
echo an-adequate-secret >"$tmp/secret"
chmod 644 "$tmp/secret"
fails 2 "$examples/check-lun.sh" "iscsi://127.0.0.1:1/$iqn/1" \
      user=bob password=+"$tmp/secret"
shows '^CRITICAL: 127.0.0.1:1: connection refused' "$tmp/failed.log"
fails 2 env TIMEOUT=0.01 "$examples/check-lun.sh" "$url"
shows '^CRITICAL: no answer within' "$tmp/failed.log"
fails 2 "$examples/check-lun.sh" "nbd+unix:///?socket=$tmp/none"
shows '^CRITICAL: .' "$tmp/failed.log"
shows_not 'CRITICAL: nbdkit' "$tmp/failed.log"

# Larger than the LUN, and damaged: nothing is written.
truncate -s 9M "$tmp/large"
fails 1 "$examples/restore-lun.sh" "$tmp/large" "$url"
shows 'the LUN has 8388608 bytes' "$tmp/failed.log"
printf x | dd of="$tmp/copy" conv=notrunc status=none
fails 1 "$examples/restore-lun.sh" "$tmp/copy" "$url"
shows 'is not what it was' "$tmp/failed.log"
cmp "$disk" "$tmp/original"

# Smaller than the LUN: the rest is left.
random_data $((3 * 1024 * 1024)) "$tmp/small"
"$examples/restore-lun.sh" "$tmp/small" "$url"
cmp -n $((3 * 1024 * 1024)) "$tmp/small" "$disk"
cmp -i $((3 * 1024 * 1024)) "$tmp/original" "$disk"

# How they are called is said when they are not called right.
fails 2 "$examples/backup-lun.sh"
shows 'backup-lun.sh URL FILE' "$tmp/failed.log"
fails 2 "$examples/restore-lun.sh" x
fails 3 "$examples/check-lun.sh"
