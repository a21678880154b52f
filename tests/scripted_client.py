# SPDX-License-Identifier: BSD-3-Clause

"""What the Python parts of tests do with the scripted target, and with calls
that it makes fail.

start_scripted (fault-functions.sh) says in the environment where it is.
"""

import errno
import os
import socket
import time

import nbd


def tell(command):
    """Sends a command; returns the answer, which must be good."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(os.environ["scripted"])
        s.sendall(command.encode() + b"\n")
        answer = s.makefile().readline()
    assert answer.startswith("ok"), (command, answer)
    return answer


def await_sessions(n):
    """Waits until there are so many: clients do not wait for further ones."""
    while f"sessions={n}" not in tell("status").split():
        time.sleep(0.02)


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


def holder():
    """The number of the ISID of the session that brought the held command."""
    facts = dict(fact.split("=", 1) for fact in tell("status").split()[1:])
    return int(facts["holder"])


def await_end(h, ended):
    """Waits until a held write is over; returns its errno."""
    while not ended:
        h.poll(20)
    return ended[0]


def fails(call, *args):
    """The call must fail with EIO."""
    try:
        call(*args)
    except nbd.Error as e:
        assert e.errnum == errno.EIO, e
    else:
        raise AssertionError(f"{call.__name__} worked")


def insist(call, *args):
    """Calls until it does not fail with EIO, but not for ever."""
    for _ in range(300):
        try:
            return call(*args)
        except nbd.Error as e:
            assert e.errnum == errno.EIO, e
            time.sleep(0.1)
    raise AssertionError(f"{call.__name__} failed too often")
