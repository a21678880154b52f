#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# The target lost a write of its cache, and tells so with a command that nobody
# minds: the next flush fails, once.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit iscsi "$url"
run_nbdsh -u "$uri" -c - <<'END'
from scripted_client import fails, tell

block = b"b" * 512


def lost(rule, call):
    h.pwrite(block, 0)
    tell("set sense=deferred")
    tell(f"rule {rule} check 3/0c00")
    call()
    tell("set sense=fixed")
    fails(h.flush)
    h.flush()


def log_in_again():
    tell("drop")
    h.pread(512, 0)


lost("prefetch", lambda: h.cache(4096, 0))
lost("tur skip=1", log_in_again)
# Without a cache there need be no SYNCHRONIZE CACHE.
tell("set wce=0")
tell("rule flush times=0 check 5/2000")
lost("prefetch", lambda: h.cache(4096, 0))
END
