#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# No path carries I/O, though there are two portals and sessions: who waits for
# one sleeps, and keeps nobody else busy.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_two_proxies
scripted "rule read times=0 check 2/040b"
start_nbdkit iscsi "iscsi://$first_portal/$iqn/1" "portal=$second_portal" \
             recovery-timeout=5
run_nbdsh -c - <<END
import glob
import time

def switches():
    n = 0
    for name in glob.glob("/proc/$nbdkit_pid/task/*/status"):
        with open(name) as f:
            n += sum(int(line.split()[1]) for line in f
                     if line.startswith("voluntary"))
    return n

h.connect_uri("$uri")
h.aio_pread(nbd.Buffer(512), 0)
time.sleep(3)
before = switches()
time.sleep(4)
n = switches() - before
print(f"{n} times somebody woke up in 4 s")
# Four sessions that look four times a second, and who waits, make 100.
assert n < 2000, n
END
