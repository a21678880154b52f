#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Names work through nbdkit's own option for them and its filters exportname and
# multi-conn.

. "${0%/*}/functions.sh"
requires_tgtd
requires_filter exportname
requires_filter multi-conn
requires nbdinfo --version
requires_nbdsh

set -x
start_tgtd
add_target
for lun in 1 2; do
  truncate -s ${lun}M "$tmp/$lun"
  add_lun $lun "$tmp/$lun"
  set_lun $lun "scsi_sn=of $lun"
done
url=iscsi://$portal/$iqn
size=$(nbdkit -U - --exportname 2 iscsi "$url" --run 'nbdinfo --size "$uri"')
equal "the size of --exportname" "$size" $((2 << 20))
size=$(nbdkit -U - -e "id:serial.of 1" iscsi "$url" \
              --run 'nbdinfo --size "$uri"')
equal "the size of -e" "$size" $((1 << 20))

# A default for clients that ask for none, be it an id.
for name in 2 "id:serial.of 2"; do
  start_nbdkit --filter=exportname iscsi "$url" default-export="$name"
  equal size "$(nbdinfo --size "$uri")" $((2 << 20))
  equal size "$(nbdinfo --size "nbd+unix:///1?socket=$sock")" $((1 << 20))
  stop_nbdkit
done
# Names that are told instead of the list, and no others.
start_nbdkit --filter=exportname iscsi "$url" exportname=2 \
             exportname-strict=true exportname-list=explicit
equal "the list" "$(nbdinfo --list "$uri" | grep '^export=')" 'export="2":'
if nbdinfo "nbd+unix:///1?socket=$sock"; then fail "1 was opened"; fi
stop_nbdkit

start_nbdkit --filter=multi-conn iscsi "$url" multi-conn-mode=emulate \
             multi-conn-exportname=true
run_nbdsh -c - <<END
a, b = nbd.NBD(), nbd.NBD()
for h, name in (a, "1"), (b, "id:serial.of 1"):
    h.set_export_name(name)
    h.connect_unix("$sock")
    assert h.can_multi_conn()
a.pwrite(b"x" * 512, 0)
a.flush()
assert b.pread(512, 0) == b"x" * 512
END
stop_nbdkit
