#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# export-filter= decides what is listed, and what is opened by whatever name.

. "${0%/*}/functions.sh"
requires_tgtd
requires nbdinfo --version
requires_nbdsh

# check EXPORTS: these are listed, and can be opened by number and by id; the
# others can not.
check ()
{
  run_python - "$sock" "${iqn%?}" "$1" <<'END'
import nbd, sys
sock, prefix, wanted = sys.argv[1], sys.argv[2], sys.argv[3].split()
h = nbd.NBD()
h.set_opt_mode(True)
h.connect_unix(sock)
listed = []
h.opt_list(lambda name, _: listed.append(name.replace(prefix, "")) or 0)
assert listed == wanted, (listed, wanted)
for one in ["1/1", "1/2", "2/1", "2/2"]:
    for name in [prefix + one, prefix + one.replace("/", "/0"),
                 "id:serial.of " + one]:
        h = nbd.NBD()
        h.set_export_name(name)
        try:
            h.connect_unix(sock)
            opened = True
        except nbd.Error:
            opened = False
        # A number with a zero before it is none, or the same LUN.
        if opened != (one in wanted) and "/0" not in name or (
                opened and one not in wanted):
            raise AssertionError(f"{name}: {opened}")
END
}

set -x
start_tgtd
for tid in 1 2; do
  add_target $tid
  for lun in 1 2; do
    truncate -s 1M "$tmp/$tid$lun"
    add_lun $lun "$tmp/$tid$lun"
    set_lun $lun "scsi_sn=of $tid/$lun"
  done
done
# No password for the one that is not to be logged in to.
tid=2 add_account bob an-adequate-secret

start_nbdkit iscsi "iscsi://$portal/" 'export-filter=*disk1/*' list=strict
check "1/1 1/2"
shows_not 'wants CHAP' "$nbdkit_log"
shows 'export-filter leaves it out' "$nbdkit_log"
shows_not 'which has LUN' "$nbdkit_log"
# Nor does the error about a target that is not there name those that it leaves
# out.
if nbdinfo "nbd+unix:///$iqn-disk1/1?socket=$sock"; then
  fail "there is no such target"
fi
shows "the portal has no target $iqn-disk1" "$nbdkit_log"
shows_not 'it has' "$nbdkit_log"
stop_nbdkit

tgt --mode account --op unbind --tid 2 --user bob
start_nbdkit iscsi "iscsi://$portal/" 'export-filter=!*2/1' \
             'export-filter=!IQN*1/2'
check "1/1 2/2"
stop_nbdkit
start_nbdkit iscsi "iscsi://$portal/" 'export-filter=id:*'
check "1/1 1/2 2/1 2/2"
stop_nbdkit
# Each of the designators counts, not only the one that the list shows.
start_nbdkit iscsi "iscsi://$portal/" 'export-filter=!id:serial.of 1/2'
check "1/1 2/1 2/2"
stop_nbdkit
start_nbdkit iscsi "iscsi://$portal/" 'export-filter=id:serial.of 1/*' \
             'export-filter=id:serial.of 2/2'
check "1/1 1/2 2/2"
stop_nbdkit
nbdkit -U - iscsi "iscsi://$portal/" --run 'nbdinfo --list "$uri"' >"$tmp/list"
id=$(sed -n 's/.*description: .*\(id:[^,]*\),.*disk2\/1.*/\1/p' "$tmp/list")
start_nbdkit iscsi "iscsi://$portal/" "export-filter=!$id"
check "1/1 1/2 2/2"
stop_nbdkit
start_nbdkit iscsi "iscsi://$portal/" "export-filter=$id"
check "2/1"
# And it is the only one.
equal size "$(nbdinfo --size "$uri")" 1048576
stop_nbdkit

# With a target in the URL its numbers are the names.
start_nbdkit iscsi "iscsi://$portal/$iqn" "export-filter=1"
equal "the list" "$(nbdinfo --list "$uri" | grep -c '^export=')" 1
nbdinfo --size "nbd+unix:///1?socket=$sock"
if nbdinfo --size "nbd+unix:///2?socket=$sock"; then fail "2 is there"; fi
stop_nbdkit

# It leaves out all of the only target.
start_nbdkit iscsi "iscsi://$portal/$iqn" 'export-filter=!*' list=strict
nbdinfo --list --json "$uri" | tr -d ' \n' >"$tmp/list"
shows '"exports":\[\]' "$tmp/list"
stop_nbdkit

refused iscsi "iscsi://$portal/$iqn/1" 'export-filter=1'
shows 'export-filter is for a URL without a LUN' "$tmp/refused.log"
for pattern in "" "!"; do
  refused iscsi "iscsi://$portal/$iqn" "export-filter=$pattern"
  shows 'pattern' "$tmp/refused.log"
done
