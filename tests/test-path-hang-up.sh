#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# One client hangs up while the first session is opened: the others that wait
# for it are served, and get sessions of their own.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "iscsi://$portal/$iqn" sessions=4
scripted set login-ms=2000
before=$(scripted_fact logins)
for i in 1 2 3; do
  run_nbdsh -u "nbd+unix:///1?socket=$sock" -c 'h.pread(512, 0)' \
            -c 'import time; time.sleep(6)' &
  clients[i]=$!
done
"$PYTHON" - "$sock" <<END
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.recv(18)
# NBD_FLAG_C_FIXED_NEWSTYLE, NBD_OPT_EXPORT_NAME "1"
s.sendall(b"\0\0\0\1IHAVEOPT\0\0\0\1\0\0\0\0011")
time.sleep(0.5)
END
for i in 1 2 3; do wait "${clients[i]}"; done
# One for each of those that stayed.
logins=$(($(scripted_fact logins) - before))
[ $logins -ge 3 ] || fail "$logins logins for three clients"
said 0 'error: the server is shutting down'
