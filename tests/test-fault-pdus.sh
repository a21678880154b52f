#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause

# PDUs that the protocol does not allow, in the middle of reads and writes: the
# session is given up with a sentence, what was under way is issued again, and
# nothing that such a PDU brought is served.

. "${0%/*}/fault-functions.sh"
requires_scripted_target

start_scripted
start_nbdkit -t 1 -v -D iscsi.session=1 iscsi "$url"
export nbdkit_log
run_nbdsh -u "$uri" -c - <<'END'
import os
import re

from scripted_client import tell

SIZE = 65536
log = open(os.environ["nbdkit_log"])


def header(opcode, length=0, tag="i" * 8, ttt=1, offset=0, wanted=0, ahs=0):
    return (f"{opcode:02x}800000{ahs:02x}{length:06x}" + "0" * 16 + tag
            + f"{ttt:08x}" + "0" * 32 + f"{offset:08x}{wanted:08x}")


def logins():
    return int(re.search(r"logins=(\d+)", tell("status")).group(1))


FOREIGN = "7fffffff"
READS = [
    ("data for", header(0x31, wanted=512), "writes none"),
    ("R2T, foreign", header(0x31, tag=FOREIGN, wanted=512), "not under way"),
    ("data, foreign", header(0x25, 512, FOREIGN), "not under way"),
    ("answer, foreign", header(0x21, 0, FOREIGN), "not under way"),
    ("data beyond", header(0x25, 512, offset=SIZE), "more data"),
    ("data far beyond", header(0x25, 512, offset=0xfffffe00), "more data"),
    ("data at the edge", header(0x25, 1024, offset=SIZE - 512), "more data"),
    ("data twice", header(0x25, 512), "twice"),
    ("too long", header(0x25, 0xfffffc), "too much data"),
    ("long ping", header(0x20, 0x20000, "f" * 8), "too much data"),
    ("login", header(0x23), "does not belong"),
    ("text", header(0x24), "does not belong"),
    ("command", header(0x01), "does not belong"),
    ("unknown", header(0x3e), "does not belong"),
    ("AHS", header(0x20, 0, "f" * 8, 0xffffffff, ahs=3), "header"),
]
WRITES = [
    ("data", header(0x25, 512), "reads none"),
    ("R2T beyond", header(0x31, offset=SIZE, wanted=1), "more data"),
    ("R2T at the edge", header(0x31, offset=SIZE - 1, wanted=2), "more data"),
    ("R2T for 4 GiB", header(0x31, wanted=0xffffffff), "more data"),
    ("R2T for nothing", header(0x31), "without saying"),
]

old, new = b"o" * SIZE, b"n" * SIZE
for kind, cases in ("read", READS), ("write", WRITES):
    for name, pdu, why in cases:
        h.pwrite(old, 0)
        before = logins()
        log.read()
        tell(f"rule {kind} pdu {pdu}")
        if kind == "read":
            assert h.pread(SIZE, 0) == old, name
        else:
            h.pwrite(new, 0)
            assert h.pread(SIZE, 0) == new, name
        assert logins() > before, name
        said = [line for line in log.read().splitlines()
                if "session lost" in line]
        assert said and why in said[0], (name, said)
        tell("rules clear")
END
