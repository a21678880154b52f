# SPDX-License-Identifier: BSD-3-Clause

"""What the Python parts of tests do with the scripted target.

start_scripted (fault-functions.sh) says in the environment where it is.
"""

import os
import socket

import nbd


def tell(command):
    """Sends a command; returns the answer, which must be good."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(os.environ["scripted"])
        s.sendall(command.encode() + b"\n")
        answer = s.makefile().readline()
    assert answer.startswith("ok"), (command, answer)
    return answer


def held_write(h, data, offset, times=1):
    """Starts a write that the target holds, and holds again each time that
    it is sent again; returns when it has done so ‘times’ times.  The list
    gets the write's errno, once it is over.
    """
    ended = []

    def over(error):
        ended.append(error.value)
        return 1

    tell(f"rule write times={times} hold")
    h.aio_pwrite(nbd.Buffer.from_bytearray(bytearray(data)), offset,
                 completion=over)
    while f"held={times}" not in tell("status").split():
        h.poll(20)
    return ended


def await_end(h, ended):
    """Waits until a held write is over; returns its errno."""
    while not ended:
        h.poll(20)
    return ended[0]
