#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# 2000 LUNs that take 50 ms for each answer are listed, by asking each no more
# than four things, many at a time; a list for which there is no time has
# what there was time for, and the log says so in a bounded number of lines.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

list ()
{
  run_python - "$sock" <<'END'
import nbd, sys
h = nbd.NBD()
h.set_opt_mode(True)
h.connect_unix(sys.argv[1])
names = []
h.opt_list(lambda name, description: names.append((name, description)) or 0)
numbers = [int(name) for name, _ in names]
assert numbers == sorted(set(numbers))
assert all("id:naa.6001405" in description for _, description in names)
print(len(names))
END
}

set -x
start_scripted --set luns=2000 --set login-ua=0 \
               --rule 'scsi times=0 slow 50'
start_nbdkit iscsi "iscsi://$portal/$iqn" login-timeout=5m
equal "the number of LUNs" "$(list)" 2000
equal "the number of commands" "$(scripted_fact commands)" 8001
shows_not "left out" "$nbdkit_log"
# One session, and that of the preflight.
equal "the number of logins" "$(scripted_fact logins)" 2
stop_nbdkit

scripted rules clear
scripted rule 'capacity10 skip=10 times=0 slow 3000'
start_nbdkit iscsi "iscsi://$portal/$iqn" login-timeout=2
some=$(list)
shows "$iqn/[0-9]* is left out of the list: .*did not answer in time" \
      "$nbdkit_log"
more=$(sed -n 's/.* \([0-9]*\) more are left out of the list/\1/p' "$nbdkit_log")
equal "the number of LUNs, and of lines" $((some + 100 + more)) 2000
equal "the lines about LUNs" "$(grep -c 'left out' "$nbdkit_log")" 101
