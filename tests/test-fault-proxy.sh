#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The fault proxy does what it is told, or the fault tests prove nothing.

. "${0%/*}/fault-functions.sh"
requires_fault_tools
requires_nbdsh

random_data 1048576 "$tmp/data"
export tmp fault_proxy
run_python - <<'END'
import os
import socket
import subprocess
import threading
import time

tmp, program = os.environ["tmp"], os.environ["fault_proxy"]
data = open(tmp + "/data", "rb").read()

# A server that echoes.
listener = socket.create_server(("127.0.0.1", 0))

def echo(s):
    try:
        while piece := s.recv(65536):
            s.sendall(piece)
        s.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    s.close()

def serve():
    while True:
        threading.Thread(target=echo, args=(listener.accept()[0],),
                         daemon=True).start()

threading.Thread(target=serve, daemon=True).start()
control = tmp + "/control"
proxy = subprocess.Popen([program, "--control", control, "--target",
                          "127.0.0.1:%d" % listener.getsockname()[1]],
                         stdout=subprocess.PIPE, text=True)
port = int(proxy.stdout.readline().split()[1])

def tell(*words):
    out = subprocess.run([program, "--control", control, "--command",
                          " ".join(words)], capture_output=True, text=True)
    assert out.stdout.startswith("ok") == (out.returncode == 0), out
    return out.stdout.split()

def connect():
    s = socket.create_connection(("127.0.0.1", port))
    s.settimeout(60)
    return s

def receive(s, n):
    got = bytearray()
    while len(got) < n and (piece := s.recv(n - len(got))):
        got += piece
    return bytes(got)

def silent(s):
    s.settimeout(0.3)
    try:
        return not s.recv(1) and False
    except TimeoutError:
        return True
    finally:
        s.settimeout(60)

def ended(s, error):
    try:
        rest = receive(s, 1 << 30)
        assert not error, "an orderly end"
        return rest
    except ConnectionResetError:
        assert error, "a reset"

def echoes(s, n=len(data)):
    threading.Thread(target=s.sendall, args=(data[:n],)).start()
    return receive(s, n) == data[:n]

# Everything passes, half-closing too.
s = connect()
assert echoes(s)
s.shutdown(socket.SHUT_WR)
assert s.recv(1) == b""
assert tell("nonsense")[0] == "error:"
facts = dict(w.split("=") for w in tell("status")[1:])
assert facts["up"] == facts["down"] == str(len(data)), facts
assert facts["accepted"] == "1", facts

# Delay: each way, and only once however much is under way.
s = connect()
tell("delay", "50000")
before = time.monotonic()
assert echoes(s, 1000)
assert time.monotonic() - before >= 0.1
s.sendall(b"a")
time.sleep(0.02)
s.sendall(b"b")
assert receive(s, 2) == b"ab"
tell("delay", "0")

# Corrupt: one byte, the nth.
tell("corrupt", "down", "500")
s.sendall(data[:1000])
assert [i for i, (a, b) in enumerate(zip(data, receive(s, 1000)))
        if a != b] == [499]
assert echoes(s)

# Cut: exactly n bytes, in order or not.
tell("cut", "down", "777", "fin")
s.sendall(data[:1000])
assert ended(s, False) == data[:777]
s = connect()
tell("cut", "up", "777")
s.sendall(data[:1000])
ended(s, True)

# Freeze: what is there; new ones pass.  By id: that one only.
s, t = connect(), connect()
assert echoes(s, 10) and echoes(t, 10)
tell("freeze")
s.sendall(b"x")
assert silent(s)
u = connect()
assert echoes(u)
tell("thaw")
assert receive(s, 1) == b"x" and echoes(t)
ids = dict(w.split("=") for w in tell("status")[1:])["ids"].split(",")
assert len(ids) == 3, ids
tell("freeze", ids[-1])
s.sendall(b"x")
assert silent(s) and echoes(t) and echoes(u)
tell("thaw")
assert receive(s, 1) == b"x"

# Stall: one way.
tell("stall", "down")
s.sendall(b"x")
assert silent(s)
tell("thaw")
assert receive(s, 1) == b"x"

# Reset: one, all, again and again; close.
tell("reset", ids[-1])
ended(s, True)
assert echoes(t)
tell("reset")
ended(t, True)
ended(u, True)
s = connect()
assert echoes(s, 1)
tell("close")
assert ended(s, False) == b""
tell("reset", "every", "50")
for _ in range(3):
    ended(connect(), True)
tell("reset", "every", "0")

# New connections.
tell("blackhole", "1")
s, t = connect(), connect()
s.sendall(b"x")
assert silent(s) and echoes(t)
tell("deny")
try:
    ended(connect(), True)
except ConnectionResetError:
    pass
tell("refuse")
try:
    connect()
    raise AssertionError("not refused")
except ConnectionRefusedError:
    pass
tell("accept")
assert echoes(connect())
assert silent(s)

# Nothing to do costs nothing.
stat = f"/proc/{proxy.pid}/stat"
cpu = lambda: sum(map(int, open(stat).read().split()[13:15]))
before = cpu()
time.sleep(1)
assert cpu() - before <= 2, "the proxy spins"

tell("quit")
assert proxy.wait(60) == 0
END
