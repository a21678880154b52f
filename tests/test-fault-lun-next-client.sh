#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# With no client connected another LUN takes the place of the one that was
# served, without a word of the target.  If the URL names the LUN, the next
# client is refused; if clients choose, it is a new disk.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

requires nbdinfo --version

swap ()
{
  scripted set naa=60014050000000000000000000000009
  scripted set serial=0009
}

for size in 131072 65536; do
  start_scripted --set login-ua=0
  start_nbdkit iscsi "$url" recovery-timeout=3
  run_nbdsh -u "$uri" -c 'h.pwrite(b"1" * 512, 0)'
  swap
  scripted set blocks=$size
  writes=$(scripted_fact write)
  if run_nbdsh -u "$uri" -c 'h.pwrite(b"2" * 512, 0)'; then
    fail "the other LUN was served"
  fi
  equal "writes to the other LUN" "$(scripted_fact write)" "$writes"
  shows 'another' "$nbdkit_log"
  stop_nbdkit

  # The same when it is thick all of a sudden: what was learnt is forgotten.
  start_scripted --set login-ua=0
  start_nbdkit iscsi "iscsi://$portal/$iqn"
  name="nbd+unix:///1?socket=$sock"
  run_nbdsh -u "$name" -c 'assert h.can_trim()' -c 'h.trim(4096, 0)'
  swap
  scripted set thin=0
  scripted set blocks=$size
  equal size "$(nbdinfo --size "$name")" $((size * 512))
  run_nbdsh -u "$name" -c 'h.pwrite(b"3" * 512, 0)' -c 'h.zero(4096, 0)' \
            -c 'h.flush()'
  equal "first byte of the disk" "$(head -c 1 "$disk" | od -An -tu1 |
                                    tr -d ' ')" 0
  stop_nbdkit
done
