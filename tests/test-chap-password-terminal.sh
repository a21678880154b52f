#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# password=- asks for the password at the terminal, and does not echo it.

. "${0%/*}/functions.sh"
requires_tgtd
requires_nbdsh

set -x
disk_of 1M
add_account bob an-adequate-secret
run_python - "$url" >"$tmp/terminal" <<'EOF'
import os
import pty
import sys

pid, fd = pty.fork()
if pid == 0:
    os.execlp("nbdkit", "nbdkit", "-U", "-", "iscsi", sys.argv[1],
              "user=bob", "password=-", "--run", "echo it is served")
seen = b""
answered = False
while True:
    try:
        data = os.read(fd, 1000)
    except OSError:
        data = b""
    if not data:
        break
    seen += data
    if not answered and b"password:" in seen:
        os.write(fd, b"an-adequate-secret\n")
        answered = True
print(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
EOF
cat "$tmp/terminal"
shows 'it is served' "$tmp/terminal"
shows_not an-adequate-secret "$tmp/terminal"
