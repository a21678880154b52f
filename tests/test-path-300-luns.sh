#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# 300 LUNs of one target: listed over one session, and all open at once over no
# more than there may be.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_tgtd
requires_nbdsh

start_tgtd
add_target
truncate -s 1M "$tmp/lun"
for ((lun = 1; lun <= 300; lun++)); do add_lun $lun "$tmp/lun"; done
start_proxy
start_nbdkit iscsi "iscsi://$proxy_portal/$iqn" sessions=4
before=$(proxy_fact accepted)
start=$(now)
nbdinfo --list "$uri" >"$tmp/list"
within "list of 300 LUNs" $(($(now) - start)) "1 s" 30
equal "LUNs in the list" "$(grep -c '^export=' "$tmp/list")" 300
equal "logins for it" $(($(proxy_fact accepted) - before)) 1

show=$(tgt_command --mode target --op show)
threads=$(server_threads)
rss=$(server_rss)
run_nbdsh -c - <<END
import subprocess
handles = []
for lun in range(1, 301):
    h = nbd.NBD()
    h.connect_uri(f"nbd+unix:///{lun}?socket=$sock")
    h.pread(512, 0)
    handles.append(h)
text = subprocess.check_output("$show", shell=True).decode()
sessions = text.count("Connection:")
assert 1 <= sessions <= 4, sessions
status = open("/proc/$nbdkit_pid/status").read()
fact = {line.split(":")[0]: line.split()[1]
        for line in status.splitlines() if line.split()[1:]}
print("sessions:", sessions)
print("threads for each LUN:", (int(fact["Threads"]) - $threads) / 300)
print("KiB for each LUN:", (int(fact["VmRSS"]) - $rss) / 300)
END
