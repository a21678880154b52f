#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# A command that fails for good fails with the right errno, and the NBD
# connection goes on.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url" timeout=2
export uri
run_python - <<'END'
import errno
import os
import time
import nbd
from scripted_client import tell

h = nbd.NBD()
h.connect_uri(os.environ["uri"])
data = bytes(range(256)) * 16
h.pwrite(data, 0)

calls = {
    "read": lambda: h.pread(4096, 0),
    "write": lambda: h.pwrite(data, 0),
    "flush": lambda: h.flush(),
    "same": lambda: h.zero(65536, 65536, nbd.CMD_FLAG_NO_HOLE),
    "unmap": lambda: h.trim(65536, 65536),
}
# What the target answers from now on, the errno.
faults = [
    ("check 3/1100", errno.EIO),      # unrecovered read error
    ("check 3/0c00", errno.EIO),      # write error
    ("check 4/4400", errno.EIO),      # internal target failure
    ("check b/4700", errno.EIO),      # aborted command, for ever
    ("check 2/0401", errno.EIO),      # becoming ready, for ever
    ("check 2/0403", errno.EIO),      # not ready, intervention required
    ("check 2/3a00", errno.EIO),      # no medium
    ("check 5/2100", errno.EIO),      # out of range
    ("check 5/2500", errno.EIO),      # no such LUN
    ("check 7/2700", errno.EPERM),    # write protected
    ("check 7/2707", errno.ENOSPC),   # space allocation failed
    ("conflict", errno.EIO),
    ("aborted", errno.EIO),
    ("busy", errno.EIO),
    ("full", errno.EIO),
    ("status 04", errno.EIO),         # condition met: for PRE-FETCH
    ("status 10", errno.EIO),         # intermediate: obsolete
    ("status 30", errno.EIO),
    ("status 55", errno.EIO),
    ("response 01", errno.EIO),
    ("reject 04", errno.EIO),
]
for answer, expected in faults:
    for name, call in calls.items():
        if name == "read" and answer.startswith("check 7/"):
            continue
        # A LUN that still answers other commands has just no WRITE SAME:
        # zeroes are written another way.
        if name == "same" and answer == "check 5/2500":
            continue
        # Of a single command, some targets say so when they lack it: the
        # LUN is gone if it is said of all.
        what = "any" if answer == "check 5/2500" else name
        tell(f"rule {what} times=0 {answer}")
        before = time.monotonic()
        try:
            call()
            seen = 0
        except nbd.Error as e:
            seen = e.errnum
        took = time.monotonic() - before
        tell("rules clear")
        print(f"{name} {answer}: {errno.errorcode.get(seen, seen)}"
              f" after {took:.1f} s", flush=True)
        assert seen == expected, (name, answer, seen)
        # The connection is up, and so is the disk; a LUN that was gone, soon.
        while what == "any":
            try:
                h.pread(4096, 0)
                break
            except nbd.Error as e:
                assert e.errnum == errno.EIO, e
                time.sleep(0.1)
        assert h.pread(4096, 0) == data
        h.pwrite(data, 8192)
        h.flush()
h.shutdown()
END
