#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# As many LUNs, or targets, that say nothing as are asked side by side do not
# keep the others from being listed; each is named in the log, and a strict list
# fails.  The session that is given up for them is shared: a client of the same
# target sees no error.

. "${0%/*}/fault-functions.sh"
requires_scripted_target
requires nbdinfo --version

list ()
{
  run_python - "$sock" <<'END'
import nbd, sys
h = nbd.NBD()
h.set_opt_mode(True)
h.connect_unix(sys.argv[1])
names = []
h.opt_list(lambda name, _: names.append(name) or 0)
print(*names)
END
}

# Those who answer need time, too.
wait=$((slack > 1 ? 48 : 12))
set -x
rules=()
for lun in {1..64}; do rules+=(--rule "scsi#$lun times=0 swallow"); done
start_scripted --set luns=130 --set login-ua=0 "${rules[@]}"
start_nbdkit iscsi "iscsi://$portal/$iqn" login-timeout=$wait
start_load --seconds 600 --depth 2 "nbd+unix:///130?socket=$sock"
start=$(now)
equal "the list" "$(list)" "$(echo {65..130})"
within "the list" $(($(now) - start)) "12 s" 60
end_load
shows 'session lost: .*was not answered' "$nbdkit_log"
for lun in 1 64; do
  shows "$iqn/$lun is left out of the list: .*did not answer" "$nbdkit_log"
done
equal "the LUNs that are named" "$(grep -c 'left out' "$nbdkit_log")" 64
# One that is found by what it is waits for them no longer than it must.
start=$(now)
id=id:naa.600140500000000000000000000000$(printf %02x 100)
equal size "$(nbdinfo --size "nbd+unix:///$id?socket=$sock")" 67108864
within "the open by id" $(($(now) - start)) "4 s" 16
stop_nbdkit
start_nbdkit iscsi "iscsi://$portal/$iqn" login-timeout=8 list=strict
if list; then fail "a strict list is complete"; fi
shows "list=strict wants it: $iqn/1: " "$nbdkit_log"
stop_nbdkit

# More of them than there is time for: it ends all the same.
for lun in {65..130}; do scripted rule "scsi#$lun times=0 swallow"; done
start_nbdkit iscsi "iscsi://$portal/$iqn" login-timeout=4
start=$(now)
equal "the list" "$(list)" ""
within "the list of nothing" $(($(now) - start)) "5 s" 25
equal "the lines about LUNs" "$(grep -c 'left out' "$nbdkit_log")" 101
shows "$iqn/100 is left out of the list: " "$nbdkit_log"
stop_nbdkit

# 16 targets that accept a connection and no login.
prefix=iqn.2001-04.com.example
rules=()
for target in {100..115}; do
  rules+=(--rule "login#$prefix:$target times=0 swallow")
done
start_scripted --set targets=131 --set hide=0 "${rules[@]}"
start_nbdkit iscsi "iscsi://$portal/" 'export-filter=*:1??/*' \
             login-timeout=$wait
start=$(now)
list | tr ' ' '\n' >"$tmp/list"
within "the list of targets" $(($(now) - start)) "12 s" 60
for target in {116..130}; do echo "$prefix:$target/1"; done >"$tmp/wanted"
diff -u "$tmp/wanted" "$tmp/list"
equal "the targets that are named" "$(grep -c 'left out' "$nbdkit_log")" 16
shows "$prefix:100 is left out of the list: it did not answer in its share" \
      "$nbdkit_log"
