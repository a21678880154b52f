#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# Readers of the status that ask nothing, never read, or talk nonsense hold up
# neither others nor the clients; 100 at once each get the whole.

. "${0%/*}/fault-functions.sh"
# shellcheck source=status-functions.sh
. "${0%/*}/status-functions.sh"
requires_fault_tools
requires_tgtd
requires_status
requires_nbdsh

set -x
disk_of 128M
start_nbdkit iscsi "$url" status-socket="$status_socket"
await_lun
fds=$(server_fds)
start_load --seconds 3600 "$uri"
export status_socket
run_python - <<'END'
import os, socket, threading

GET = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connected():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(120)
    s.connect(os.environ["status_socket"])
    return s


def read_all(s):
    text = b""
    while True:
        try:
            more = s.recv(65536)
        except ConnectionResetError:
            more = b""
        if not more:
            return text
        text += more


def whole(text):
    head, body = text.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n"), head
    assert b"Content-Length: %d" % len(body) in head, (head, len(body))
    assert b"\nnbdkit_iscsi_sessions_up " in body
    assert body.endswith(b"\n")


def get():
    s = connected()
    s.sendall(GET)
    whole(read_all(s))


# More than the server keeps: some say nothing, some ask and never read, some
# read nothing because they have no room.
stuck = []
for i in range(400):
    s = connected()
    if i % 2:
        s.sendall(GET)
    else:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    stuck.append(s)
get()

# Those who only read late have it all.
late = connected()
late.sendall(GET)
get()

failed = []


def worker():
    try:
        get()
    except BaseException as e:
        failed.append(e)
        raise


threads = [threading.Thread(target=worker) for _ in range(100)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert not failed, failed
whole(read_all(late))

# Byte by byte.
s = connected()
for b in GET:
    s.sendall(bytes([b]))
whole(read_all(s))

# Nonsense.
for text, answer in (
        (b"POST / HTTP/1.1\r\n\r\n", b"HTTP/1.1 405 "),
        (b"\r\n\r\n", b"HTTP/1.1 405 "),
        (b"GET / HTTP/1.1\n\n", b"HTTP/1.1 200 "),
        (b"GET " + b"x" * 100000 + b"\r\n\r\n", b""),
        (b"\0" * 5000, b""),
        (os.urandom(5000), b"")):
    s = connected()
    try:
        s.sendall(text)
        s.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        pass
    seen = read_all(s)
    assert seen.startswith(answer) and (answer or not seen), (text[:20], seen)
get()
END
load_goes_on
end_load
# All are gone when they have left.
wait_until test "$(server_fds)" -le $((fds + 2))
wait_until fact_is 0 clients
