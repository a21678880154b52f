#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# One server for a whole array: four targets, one with 300 LUNs, controllers, a
# CD, one target that does not let us in; without CHAP, and with another user
# for each target and for discovery.  The list is what iscsi-ls shows, and each
# of its disks can be opened by every kind of name.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires command -v iscsi-ls
requires_nbdsh

# list: "TARGET/LUN" of each export.
list ()
{
  run_python - "$sock" <<'END'
import nbd, sys
h = nbd.NBD()
h.set_opt_mode(True)
h.connect_unix(sys.argv[1])
h.opt_list(lambda name, _: print(name) or 0)
END
}

set -x
umask 077
start_tgtd
truncate -s 1M "$tmp/small"
for tid in 1 2 3; do
  add_target $tid
  truncate -s ${tid}0M "$tmp/$tid"
  add_lun 1 "$tmp/$tid"
done
add_lun 2 "$tmp/small" --device-type cd
tid=2
for lun in {2..300}; do
  add_lun "$lun" "$tmp/small" --bstype null
done
add_target 4 192.0.2.1
tid=4 add_lun 1 "$tmp/small"

iscsi-ls -s "iscsi://$portal/" >"$tmp/iscsi-ls" 2>"$tmp/iscsi-ls.log" || true
# It shows the numbers of flat space as they are sent.
awk '/^Target:/ { t = substr($1, 8) }
     /Type:(DIRECT_ACCESS|MMC)/ {
       n = substr($1, 5) + 0; print t "/" (n < 16384 ? n : n - 16384) }' \
    "$tmp/iscsi-ls" | sort -t/ -k1,1 -k2n >"$tmp/wanted"
equal "the disks of iscsi-ls" "$(wc -l <"$tmp/wanted")" 303

start_nbdkit iscsi "iscsi://$portal/"
list >"$tmp/listed"
diff -u "$tmp/wanted" "$tmp/listed"
# What iscsi-ls does not show is not visible to us at all.
shows_not 'left out' "$nbdkit_log"
nbdinfo --list --json "$uri" >"$tmp/json"
# What tgt says of each LUN, to be asked for by: "TARGET/LUN|ID|SERIAL NUMBER".
tgt --mode target --op show |
  sed -n 's/^Target [0-9]*: \(.*\)/t \1/p; s/^  *LUN: \(.*\)/l \1/p
          s/^  *SCSI ID: \(.*\)/i \1/p; s/^  *SCSI SN: \(.*\)/s \1/p' |
  awk '{ what = $1; sub (/^. /, "") }
       what == "t" { t = $0 } what == "l" { l = $0 } what == "i" { i = $0 }
       what == "s" { print t "/" l "|" i "|" $0 }' >"$tmp/ids"
run_python - "$tmp/json" "$tmp/wanted" "$tmp/ids" "$sock" <<'END'
import json, nbd, os, sys
exports = json.load(open(sys.argv[1]))["exports"]
wanted = open(sys.argv[2]).read().split()
assert [e["export-name"] for e in exports] == wanted
told = dict(line.rstrip("\n").split("|", 1) for line in open(sys.argv[3]))

def check(name, export):
    """Is it this LUN, by what the target says of it?"""
    h = nbd.NBD()
    h.set_export_name(name)
    h.set_full_info(True)
    h.connect_unix(sys.argv[4])
    assert h.get_size() == export["export-size"], name
    assert h.get_export_description() == export["description"], name
    h.shutdown()

ids, kinds = set(), set()
# To look for an id takes a question to each LUN, which takes valgrind long.
step = 10 if os.environ.get("UNDER_VALGRIND") == "1" else 1
for i, e in enumerate(exports):
    name, description = e["export-name"], e["description"]
    assert ("read-only" in description) == e["is_read_only"], description
    assert description.endswith(", " + name), description
    id = [d for d in description.split(", ") if d.startswith("id:")]
    assert len(id) == 1 and id[0] not in ids, description
    ids.add(id[0])
    t10, serial = told[name].split("|")
    for other in (name, id[0], "id:t10." + t10.rstrip(),
                  "id:serial." + serial.strip()):
        kinds.add(other[:other.find(".") + 1])
        if other == name or i % step == 0:
            check(other, e)
print(len(ids), "LUNs opened by", kinds)
assert len(ids) == 303 and len(kinds) == 4, kinds
END
stop_nbdkit

# A user for each, and for the portal.
for tid in 1 2 3; do
  add_account user$tid the-secret-of-user$tid
  echo "${iqn%?}$tid user$tid the-secret-of-user$tid"
done >"$tmp/credentials"
start_nbdkit -v -D iscsi.pdu=10 iscsi "iscsi://$portal/" list=strict \
             credentials="$tmp/credentials"
list >"$tmp/listed"
diff -u "$tmp/wanted" "$tmp/listed"
stop_nbdkit
tgt --mode account --op new --user lister --password the-secret-of-lister
tgt --mode account --op bind --user lister
refused iscsi "iscsi://$portal/" credentials="$tmp/credentials"
echo "portal:$portal lister the-secret-of-lister" >>"$tmp/credentials"
start_nbdkit -v -D iscsi.pdu=10 iscsi "iscsi://$portal/" list=strict \
             credentials="$tmp/credentials"
list >"$tmp/listed"
diff -u "$tmp/wanted" "$tmp/listed"
for log in "$tmp"/nbdkit*.log "$tmp/refused.log"; do
  shows_not the-secret-of "$log"
done
# One that has another secret.
sed -i 's/the-secret-of-user2/no-secret-of-anybody/' "$tmp/credentials"
sleep 2
if list; then fail "the list is complete"; fi
shows "list=strict wants it: ${iqn%?}2: .* check line 2 of" "$nbdkit_log"
shows_not no-secret-of-anybody "$nbdkit_log"
