# SPDX-License-Identifier: BSD-3-Clause

"""An NBD client that says what it wants, byte by byte, for tests of what
clients must not be able to do.
"""

import os
import socket
import struct

READ, WRITE, DISC, FLUSH, TRIM, CACHE, ZEROES, STATUS = range(8)

FIXED_NEWSTYLE, NO_ZEROES = 1, 2
REP_SERVER, REP_INFO = 2, 3
OPT_LIST, OPT_GO = 3, 7


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(60)
    s.connect(os.environ["sock"])
    return s


def receive(s, n):
    data = b""
    while len(data) < n:
        part = s.recv(n - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def option(number, data=b""):
    return b"IHAVEOPT" + struct.pack(">II", number, len(data)) + data


def go(name=b""):
    return option(OPT_GO, struct.pack(">I", len(name)) + name
                  + struct.pack(">H", 0))


def request(command, handle, offset, length, data=b"", flags=0):
    return struct.pack(">IHHQQI", 0x25609513, flags, command, handle, offset,
                       length) + data


def ask_option(s, asked, more):
    """Greets, and asks for one option; returns the type of the reply that ends
    those of type ‘more’: 1 is ACK, and an error has the highest bit set."""
    receive(s, 18)
    s.sendall(struct.pack(">I", FIXED_NEWSTYLE | NO_ZEROES) + asked)
    kind = more
    while kind == more:
        _, _, kind, length = struct.unpack(">QIII", receive(s, 20))
        receive(s, length)
    return kind


def handshake(s, name=b""):
    """Up to the first request; returns the type of the reply to GO."""
    return ask_option(s, go(name), REP_INFO)


def list_exports(s):
    """Returns the type of the last reply."""
    return ask_option(s, option(OPT_LIST), REP_SERVER)


def opened(name=b""):
    s = connect()
    assert handshake(s, name) == 1
    return s


def read_reply(s, length=0):
    """Of the error and the data of a simple reply, the first."""
    magic, error, handle = struct.unpack(">IIQ", receive(s, 16))
    assert magic == 0x67446698, hex(magic)
    if error == 0:
        receive(s, length)
    return error, handle
