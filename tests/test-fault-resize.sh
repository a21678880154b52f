#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The LUN grows and shrinks while it is in use: what is past its end is EIO,
# the NBD connection stays up, and the next one sees the new size.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url"
export uri
run_python - <<'END'
import errno
import os
import nbd
from scripted_client import tell

MIB = 1024 * 1024

def connect():
    h = nbd.NBD()
    h.connect_uri(os.environ["uri"])
    return h

def fails(call, *args):
    try:
        call(*args)
    except nbd.Error as e:
        assert e.errnum in (errno.EIO, errno.ENOSPC), e
        return
    raise AssertionError("it worked past the end")

for attention in (False, True):
    tell("set blocks=131072")
    a = connect()
    assert a.get_size() == 64 * MIB
    a.pwrite(b"a" * 4096, 0)

    tell("set blocks=65536")
    if attention:
        tell("rule any check 6/2a09")
    assert a.pread(4096, 0) == b"a" * 4096
    fails(a.pread, 4096, 48 * MIB)
    fails(a.pwrite, b"b" * 4096, 48 * MIB)
    assert a.pread(4096, 0) == b"a" * 4096
    b = connect()
    assert b.get_size() == 32 * MIB

    tell("set blocks=131072")
    if attention:
        tell("rule any check 6/2a09")
    c = connect()
    assert c.get_size() == 64 * MIB
    c.pwrite(b"c" * 4096, 48 * MIB)
    assert a.pread(4096, 48 * MIB) == b"c" * 4096
    assert b.pread(4096, 0) == b"a" * 4096
    for h in (a, b, c):
        h.shutdown()
END

# The same when it shrinks while the session is away.
scripted set blocks=131072
start_load --seconds 4 --slots 1000 --max-errors any "$uri"
scripted set blocks=65536
scripted drop
finish_load
equal "what the client saw" "$(grep -o 'errno=.*' "$tmp/load.out" |
  sed 's/:.*//')" errno=EIO
equal "size" "$(nbdinfo --size "$uri")" $((32 * 1024 * 1024))
load --ops 1000 --slots 400 --backing "$disk" --read-back "$uri"
