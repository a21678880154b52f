#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A target that sends more than it was asked for, without end: it is served as
# long as it reads the answers, or given up; memory stays, and others wait
# for no longer than a moment.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

zeros ()
{
  printf "%0$1d" 0
}
ping=2080000000000000$(zeros 16)ffffffff00000001
note=2080000000000000$(zeros 16)ffffffffffffffff
nothing=2500000000000000$(zeros 16)iiiiiiiiffffffff
logout=3280000000000000$(zeros 16)ffffffff00000000$(zeros 24)01
r2t=3180000000000000$(zeros 16)iiiiiiii00000001$(zeros 47)1

# AddressSanitizer keeps 256 MiB of what was freed, unless told otherwise.
export ASAN_OPTIONS=detect_leaks=1:quarantine_size_mb=8
start_scripted
start_nbdkit -v -D iscsi.session=1 iscsi "$url"
before=$(server_rss)
for pdu in $ping $note $nothing $logout; do
  scripted "rule read flood 200000x$pdu"
  run_nbdsh -u "$uri" -c 'h.pread(65536, 0)'
  scripted rules clear
done
shows 'session lost: it wants answers and does not read them' "$nbdkit_log"
scripted "rule write flood 200000x$r2t"
run_nbdsh -u "$uri" -c 'h.pwrite(bytes(262144), 0)'
scripted rules clear
shows 'session lost: it asked for data in too many pieces at once' "$nbdkit_log"
after=$(server_rss)
echo "resident memory: $before KiB, then $after KiB"
[ $((after - before)) -lt 65536 ] || fail "memory grew"
