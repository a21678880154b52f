#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A password that was typed (password=-) is in no core of the server either: the
# buffer of standard input is there for as long as it runs.

. "${0%/*}/functions.sh"
requires gdb --version
requires_nbdsh
if [ "${UNDER_VALGRIND:-}" = 1 ] || [ "${SANITIZER:-none}" != none ]; then
  skip "the checker's memory would be in the core: terabytes"
fi

set -x
tmp=$tmp run_python - <<'END'
import os
import pty
import subprocess
import sys
import time

tmp = os.environ["tmp"]
terminal, stdin = pty.openpty()
# Nobody is at this portal.
server = subprocess.Popen(
    ["nbdkit", "-f", "-U", f"{tmp}/sock", "-P", f"{tmp}/pid", "iscsi",
     "iscsi://127.0.0.1:1/iqn.2001-04.com.example:none/1", "user=bob",
     "password=-", "preflight=no"], stdin=stdin, stdout=stdin)
os.close(stdin)
try:
    seen = b""
    while b"password:" not in seen:
        seen += os.read(terminal, 1024)
    os.write(terminal, b"a-secret-that-was-typed-in\n")
    while server.poll() is None and not os.path.exists(f"{tmp}/pid"):
        time.sleep(0.1)
    subprocess.check_call(["gcore", "-o", f"{tmp}/core", str(server.pid)],
                          stdout=subprocess.DEVNULL)
    with open(f"{tmp}/core.{server.pid}", "rb") as core:
        n = core.read().count(b"that-was-typed-in")
    if n != 0:
        sys.exit(f"it is in the core {n} times")
finally:
    server.terminate()
    server.wait()
END
