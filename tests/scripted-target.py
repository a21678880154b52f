#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause

"""An iSCSI target on loopback that misbehaves on demand.

  scripted-target.py --control SOCKET [--port N] [--file FILE]
                     [--set KEY=VALUE]... [--rule 'RULE']...
  scripted-target.py --control SOCKET --command 'LINE'

The first form serves one LUN (in memory, or FILE) without authentication,
prints "port N" once it listens, and takes commands, one a line, on the Unix
socket; each is answered with a line that starts with "ok" or "error".  The
second form sends one command, prints the answer and fails unless it is "ok".

Commands:
  rule RULE        add a rule (below); "rules clear" removes all
  set KEY=VALUE    change a setting (SETTINGS below has them all)
  status           counters, in key=value form
  release          let every held command go on
  drop [N]         reset every connection, or the Nth of those that are logged
                   in; "close": end them with a FIN
  async N [MS]     send asynchronous message N (RFC 7143 11.9); 2 and 3 drop
                   the connection after MS milliseconds
  ping             send a NOP-In that wants an answer
  quit

A rule is  WHAT [skip=N] [times=N] ACTION [ARGUMENT].  It meets the Nth+1
(skip) and the following times (1; 0: for ever) commands that match WHAT;
the first rule that matches wins.

WHAT is the name of a command: tur inquiry vpd vpdXX capacity10 capacity16
modesense read write flush unmap same lbastatus luns prefetch login;
or a class: io (read write flush unmap same), capacity (both), any (what
may report a unit attention: all but inquiry and luns), all.

ACTION:
  busy, full, aborted, conflict     that SCSI status
  status XX        any SCSI status, in hex
  check K/AAQQ     CHECK CONDITION with this sense key, ASC and ASCQ, in hex
  response XX      SCSI Response with this iSCSI response code, status GOOD
  short N          GOOD, N bytes of data fewer than asked, no residual
  underflow N      the same with the residual that is due
  nodata           GOOD and no data at all
  data HEX         GOOD with these bytes as data
  swallow          never answered, never executed
  hold             kept until "release"; then executed if its session still
                   lives (or if kill-tasks is no), and answered if it can be
  slow MS[-MS]     executed and answered later
  drop, close      end the connection instead of executing the command
  done-drop        execute it, then reset the connection, no answer
  reject XX        Reject PDU with this reason
  login CCDD       (login) this status class and detail
  redirect A:P     (login) moved temporarily to this address

Sessions are reinstated as RFC 7143 6.3.5 says: a login with the initiator
name and ISID of a session that lives ends that session and all its tasks
first.
"""

import argparse
import asyncio
import os
import random
import socket
import struct
import sys

# Settings, their defaults, and what they mean.
SETTINGS = {
    "lun": 1,
    "blocks": 131072,             # capacity: of 64 MiB
    "block-size": 512,
    "vendor": "SCRIPTED", "product": "DISK",
    "serial": "0001",             # VPD 80, and part of VPD 83
    "naa": "60014050000000000000000000000001",  # VPD 83
    "b0-length": 60,              # of VPD B0, after its header
    "max-transfer": 0,            # VPD B0, blocks
    "thin": 1,                    # LBPME, UNMAP
    "readonly": 0,                # WP, writes 7/2700
    "dpofua": 1, "wce": 1,
    "login-ua": 1,                # 6/2900 on the first command of a session
    "sense": "fixed",             # descriptor, none, truncated
    "pad": "zero",                # garbage: in pad bytes after the login;
                                  # login: in those of the login, too
    "window": 128,                # MaxCmdSN - ExpCmdSN + 1
    "nop-interval": 0,            # ms between pings of ours
    "nop-timeout": 2000,          # ms; then the connection is dropped
    "max-sessions": 0,            # further logins get 0302; 0: no limit
    "reinstate": 1,               # 0: leave the old session alive
    "linger": 0,                  # 1: a session outlives its connection
    "kill-tasks": 1,              # 0: held writes outlive their session
    "hang-up": 1,                 # 0: a logout leaves the connection open
    "early-good": 0,              # 1: writes end before their data are here
    "holes": 0,                   # 1: of the Data-In PDUs of a command only
                                  # the first and the last are sent
    "data-in": 262144,            # bytes of data in one of them at most
    # Keys of the login (RFC 7143 section 13).
    "max-recv": 262144,           # MaxRecvDataSegmentLength
    "first-burst": 65536, "max-burst": 262144,
    "initial-r2t": 0, "immediate-data": 1,
    # CHAP_R of a target that leaves out the security stage and says that it
    # has proved itself.
    "pretend": "",
}

GOOD, CHECK, CONDITION_MET = 0x00, 0x02, 0x04
STATUSES = {"busy": 0x08, "conflict": 0x18, "full": 0x28, "aborted": 0x40}
NO_TAG = 0xffffffff


class Check(Exception):
    """A command ends with CHECK CONDITION."""

    def __init__(self, key, asc):
        super().__init__(f"{key:x}/{asc:04x}")
        self.key, self.asc = key, asc


class Rule:
    """See the top of the file."""

    def __init__(self, text):
        words = text.split()
        self.what = words.pop(0)
        self.skip, self.times = 0, 1
        while words and "=" in words[0]:
            key, value = words.pop(0).split("=")
            if key not in ("skip", "times"):
                raise ValueError(f"{key} is not known")
            setattr(self, key, int(value))
        self.forever = self.times == 0
        self.action = words.pop(0)
        self.arg = "".join(words)
        if self.action in STATUSES:
            self.action, self.arg = "status", f"{STATUSES[self.action]:x}"
        if self.action not in ACTIONS:
            raise ValueError(f"{self.action} is not known")

    def meets(self, tags):
        if self.what not in tags or (self.times == 0 and not self.forever):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if not self.forever:
            self.times -= 1
        return True


ACTIONS = ("status", "check", "response", "short", "underflow", "nodata",
           "data", "swallow", "hold", "slow", "drop", "close", "done-drop",
           "reject", "login", "redirect")

NAMES = {
    0x00: "tur", 0x12: "inquiry", 0x25: "capacity10", 0x1a: "modesense",
    0x5a: "modesense", 0x28: "read", 0x88: "read", 0x2a: "write",
    0x8a: "write", 0x35: "flush", 0x91: "flush", 0x42: "unmap",
    0x41: "same", 0x93: "same", 0xa0: "luns", 0x34: "prefetch",
    0x90: "prefetch", 0x03: "sense",
}


def name_of(cdb):
    if cdb[0] == 0x9e:
        return {0x10: "capacity16", 0x12: "lbastatus"}.get(cdb[1] & 31, "?")
    if cdb[0] == 0x12 and cdb[1] & 1:
        return "vpd"
    return NAMES.get(cdb[0], "?")


def tags_of(cdb):
    """The names and classes that a rule may call a command by."""
    name = name_of(cdb)
    tags = {name, "all"}
    if name == "vpd":
        tags |= {"inquiry", f"vpd{cdb[2]:02x}"}
    elif name.startswith("capacity"):
        tags.add("capacity")
    elif name in ("read", "write", "flush", "unmap", "same"):
        tags.add("io")
    if name not in ("inquiry", "vpd", "luns", "sense"):
        tags.add("any")
    return tags


class Disk:
    """The LUN: SCSI commands in, data out."""

    def __init__(self, settings, path):
        self.set = settings
        if path is None:
            self.fd = os.memfd_create("disk")
            os.truncate(self.fd, self.size())
        else:
            self.fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            settings["blocks"] = (os.fstat(self.fd).st_size
                                  // settings["block-size"])

    def size(self):
        return self.set["blocks"] * self.set["block-size"]

    def span(self, lba, blocks):
        if lba + blocks > self.set["blocks"]:
            raise Check(5, 0x2100)
        return lba * self.set["block-size"], blocks * self.set["block-size"]

    def zero(self, lba, blocks, pattern=None):
        at, length = self.span(lba, blocks)
        block = pattern or bytes(self.set["block-size"])
        while length > 0:
            n = min(length, 1 << 20)
            os.pwrite(self.fd, block * (n // len(block)), at)
            at, length = at + n, length - n

    def inquiry(self, cdb):
        if not cdb[1] & 1:
            return (struct.pack(">BBBBBBBB", 0, 0, 6, 2, 31, 0, 0, 2)
                    + f"{self.set['vendor']:8.8}{self.set['product']:16.16}"
                      "1.00".encode())
        page, s = cdb[2], self.set
        if page == 0x00:
            data = bytes([0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2])
        elif page == 0x80:
            data = s["serial"].encode()
        elif page == 0x83:
            t10 = f"{s['vendor']:8.8}{s['serial']}".encode()
            naa = bytes.fromhex(s["naa"])
            data = (struct.pack(">BBBB", 2, 1, 0, len(t10)) + t10
                    + struct.pack(">BBBB", 1, 3, 0, len(naa)) + naa)
        elif page == 0xb0:
            data = struct.pack(">BBHIIIIIIIQ", 0, 0, 0, s["max-transfer"], 0,
                               0, 0xffffffff, 0xffffffff, 0, 0, 0)
            data = data.ljust(60, b"\0")[:s["b0-length"]]
        elif page == 0xb1:
            data = struct.pack(">H", 1).ljust(60, b"\0")
        elif page == 0xb2:
            data = bytes([0, 0xe4 if s["thin"] else 0, 2, 0])
        else:
            raise Check(5, 0x2400)
        return struct.pack(">BBH", 0, page, len(data)) + data

    def mode_sense(self, cdb):
        s, page = self.set, cdb[2] & 63
        if page not in (0x08, 0x3f):
            raise Check(5, 0x2400)
        dev = (0x80 if s["readonly"] else 0) | (0x10 if s["dpofua"] else 0)
        data = bytes([8, 18, 4 if s["wce"] else 0]) + bytes(17)
        if cdb[0] == 0x1a:
            return bytes([len(data) + 3, 0, dev, 0]) + data
        return struct.pack(">HBBHH", len(data) + 6, 0, dev, 0, 0) + data

    def capacity(self, cdb):
        last, length = self.set["blocks"] - 1, self.set["block-size"]
        if cdb[0] == 0x25:
            return struct.pack(">II", min(last & (2**64 - 1), 0xffffffff),
                               length)
        return struct.pack(">QIBBH", last & (2**64 - 1), length, 0, 0,
                           0xc000 if self.set["thin"] else 0).ljust(32, b"\0")

    def unmap(self, data):
        if not self.set["thin"]:
            raise Check(5, 0x2000)
        for at in range(8, len(data) - 15, 16):
            lba, blocks = struct.unpack_from(">QI", data, at)
            self.zero(lba, blocks)

    def execute(self, cdb, data):
        """Returns the data for the initiator, or raises Check."""
        op = name_of(cdb)
        if cdb[0] & 0xe0 == 0x80:
            lba, blocks = struct.unpack_from(">QI", cdb, 2)
        else:
            lba, blocks = (struct.unpack_from(">I", cdb, 2)[0],
                           struct.unpack_from(">H", cdb, 7)[0])
        if op in ("write", "same", "unmap") and self.set["readonly"]:
            raise Check(7, 0x2700)
        if op == "read":
            at, length = self.span(lba, blocks)
            return os.pread(self.fd, length, at)
        if op == "write":
            at, length = self.span(lba, blocks)
            os.pwrite(self.fd, data[:length], at)
        elif op == "same":
            self.zero(lba, blocks, data[:self.set["block-size"]])
        elif op == "unmap":
            self.unmap(data)
        elif op == "lbastatus":
            _, length = self.span(lba, 1)
            n = min(self.set["blocks"] - lba, 0xffffffff)
            return struct.pack(">IIQII", 20, 0, lba, n, 0)
        elif op in ("inquiry", "vpd"):
            return self.inquiry(cdb)
        elif op == "modesense":
            return self.mode_sense(cdb)
        elif op.startswith("capacity"):
            return self.capacity(cdb)
        elif op == "sense":
            return struct.pack(">BBBIB", 0x70, 0, 0, 0, 10) + bytes(10)
        elif op not in ("tur", "flush", "prefetch"):
            raise Check(5, 0x2000)
        return b""


class Session:
    def __init__(self, key, tsih):
        self.key, self.tsih = key, tsih
        self.alive = True
        self.conn = None
        self.attention = []       # unit attentions that wait
        self.max_recv = 8192      # of the initiator


class Task:
    """A SCSI command under way."""

    def __init__(self, conn, bhs):
        self.conn, self.session = conn, conn.session
        self.cdb = bhs[32:48]
        self.itt, self.edtl = struct.unpack_from(">II", bhs, 16)
        self.lun = bhs[8:16]
        self.reads, self.writes = bool(bhs[1] & 0x40), bool(bhs[1] & 0x20)
        self.data = bytearray()
        self.wanted = 0           # bytes of the burst that is under way


class Connection:
    def __init__(self, target, reader, writer):
        self.target, self.reader, self.writer = target, reader, writer
        self.set = target.set
        self.session = None
        self.stat_sn, self.exp_cmd_sn = 1, 0
        self.tasks = {}           # writes that wait for data, by ITT
        self.data_sn = 0
        self.ping_sent = None
        self.logged_in = False

    # PDUs.

    async def receive(self):
        bhs = await self.reader.readexactly(48)
        ahs, length = bhs[4] * 4, int.from_bytes(bhs[5:8], "big")
        data = await self.reader.readexactly(ahs + length + -length % 4)
        return bhs, data[ahs:ahs + length]

    def send(self, bhs, data=b"", sn=True):
        """Fill in lengths and numbers.  sn: takes a StatSN."""
        bhs = bytearray(bhs)
        bhs[5:8] = len(data).to_bytes(3, "big")
        struct.pack_into(">III", bhs, 24, self.stat_sn, self.exp_cmd_sn,
                         (self.exp_cmd_sn + self.set["window"] - 1)
                         & 0xffffffff)
        if sn:
            self.stat_sn = (self.stat_sn + 1) & 0xffffffff
        pad = -len(data) % 4
        garbage = self.set["pad"] == "login" or (
            self.set["pad"] == "garbage" and self.logged_in)
        fill = b"\xa5" if garbage else b"\0"
        self.writer.write(b"".join((bhs, data, fill * pad)))

    def end(self, reset):
        if reset:
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
            self.writer.transport.abort()
        else:
            self.writer.close()

    # Login, RFC 7143 section 6.3.

    def refuse_login(self, bhs, status, text=b""):
        reply = bytearray(48)
        reply[0] = 0x23
        reply[8:20] = bhs[8:20]
        reply[36:38] = status.to_bytes(2, "big")
        self.send(reply, text)

    def answer_keys(self, keys):
        s = self.set
        fixed = {
            "AuthMethod": "None", "HeaderDigest": "None",
            "DataDigest": "None", "ErrorRecoveryLevel": "0",
            "MaxConnections": "1", "MaxOutstandingR2T": "1",
            "DataPDUInOrder": "Yes", "DataSequenceInOrder": "Yes",
            "DefaultTime2Wait": "2", "DefaultTime2Retain": "0",
            "InitialR2T": "Yes" if s["initial-r2t"] else "No",
            "ImmediateData": "Yes" if s["immediate-data"] else "No",
            "FirstBurstLength": str(s["first-burst"]),
            "MaxBurstLength": str(s["max-burst"]),
            "IFMarker": "No", "OFMarker": "No",
        }
        reply = []
        for key, value in keys.items():
            if key in fixed:
                reply.append(f"{key}={fixed[key]}")
            elif key == "MaxRecvDataSegmentLength":
                self.session.max_recv = int(value)
                reply.append(f"{key}={s['max-recv']}")
        return reply

    async def login(self):
        """True: in full feature phase.  False: refused."""
        first = True
        while True:
            bhs, data = await self.receive()
            if bhs[0] & 0x3f != 0x03:
                return False
            keys = dict(item.split("=", 1) for item in
                        data.decode(errors="replace").split("\0")
                        if "=" in item)
            if first:
                self.exp_cmd_sn = struct.unpack_from(">I", bhs, 24)[0]
                if not self.begin_session(bhs, keys):
                    return False
            reply = self.answer_keys(keys)
            if first:
                reply.append("TargetPortalGroupTag=1")
            first = False
            flags = bhs[1] & 0x8f
            if self.set["pretend"]:
                flags = 0x87
                reply += ["CHAP_N=pretender",
                          f"CHAP_R={self.set['pretend']}"]
            last = flags & 0x80 and flags & 3 == 3
            if last:
                self.reinstate()
            self.login_reply(bhs, flags, reply)
            if last:
                return True

    def login_reply(self, bhs, flags, keys):
        reply = bytearray(48)
        reply[0], reply[1] = 0x23, flags
        reply[8:20] = bhs[8:20]
        if flags & 0x83 == 0x83:
            struct.pack_into(">H", reply, 14, self.session.tsih)
        self.send(reply, "".join(k + "\0" for k in keys).encode())

    def begin_session(self, bhs, keys):
        target = self.target
        target.count("logins")
        rule = target.rule_for({"login", "all"})
        if rule is not None:
            if rule.action == "login":
                self.refuse_login(bhs, int(rule.arg, 16))
            elif rule.action == "redirect":
                self.refuse_login(bhs, 0x0101, b"TargetAddress="
                                  + rule.arg.encode() + b",1\0")
            elif rule.action in ("drop", "close"):
                self.end(rule.action == "drop")
            elif rule.action == "swallow":
                target.silent.append(self)
            return False
        key = (keys.get("InitiatorName", ""), bytes(bhs[8:14]))
        limit = self.set["max-sessions"]
        others = [s for s in target.sessions if s.key != key]
        if limit and len(others) >= limit:
            target.count("refused")
            self.refuse_login(bhs, 0x0302)
            return False
        target.tsih += 1
        self.session = Session(key, target.tsih)
        self.session.conn = self
        if self.set["login-ua"]:
            self.session.attention.append(0x2900)
        return True

    def reinstate(self):
        for old in list(self.target.sessions):
            if old.key == self.session.key and self.set["reinstate"]:
                self.target.count("reinstated")
                self.target.end_session(old)
                if old.conn is not None:
                    old.conn.end(True)
        self.target.sessions.append(self.session)

    # Full feature phase.

    async def serve(self):
        self.logged_in = True
        while True:
            bhs, data = await self.receive()
            op = bhs[0] & 0x3f
            if op != 0x05 and not self.in_order(bhs):
                self.target.count("misordered")
                self.end(True)
                return
            if op == 0x01:
                self.command(bhs, data)
            elif op == 0x05:
                self.data_out(bhs, data)
            elif op == 0x00:
                self.nop_out(bhs, data)
            elif op == 0x02:
                self.task_management(bhs)
            elif op == 0x04:
                self.text(bhs, data)
            elif op == 0x06:
                self.logout(bhs)
                if self.set["hang-up"]:
                    return
            else:
                self.reject(bhs, 0x05)
            await self.writer.drain()

    def in_order(self, bhs):
        """Commands come in CmdSN order; a hole would never be filled."""
        cmd_sn = struct.unpack_from(">I", bhs, 24)[0]
        if bhs[0] & 0x40:
            return True
        if cmd_sn != self.exp_cmd_sn:
            return False
        self.exp_cmd_sn = (self.exp_cmd_sn + 1) & 0xffffffff
        return True

    def nop_out(self, bhs, data):
        itt = struct.unpack_from(">I", bhs, 16)[0]
        if itt == NO_TAG:
            self.target.count("pongs")
            self.ping_sent = None
            return
        self.target.count("pings")
        if self.target.rule_for({"nop"}) is not None:
            return
        self.send(struct.pack(">BBHI8sII", 0x20, 0x80, 0, 0, bhs[8:16], itt,
                              NO_TAG) + bytes(24), data[:self.limit()])

    def limit(self):
        return max(self.session.max_recv, 512)

    def ping(self):
        self.ping_sent = self.ping_sent or self.target.loop.time()
        self.send(struct.pack(">BBHI8sII", 0x20, 0x80, 0, 0,
                              bytes([0, self.set["lun"]]) + bytes(6),
                              NO_TAG, 0x1234) + bytes(24), sn=False)

    def asynchronous(self, event):
        self.send(struct.pack(">BBHI8sII", 0x32, 0x80, 0, 0, bytes(8),
                              NO_TAG, 0) + bytes(12)
                  + struct.pack(">BBHHHI", event, 0, 1, 1, 1, 0))

    def reject(self, bhs, reason):
        self.send(struct.pack(">BBBBI8sI", 0x3f, 0x80, reason, 0, 0,
                              bytes(8), NO_TAG) + bytes(28), bhs)

    def task_management(self, bhs):
        itt = struct.unpack_from(">I", bhs, 16)[0]
        self.target.count("task-management")
        self.send(struct.pack(">BBBB12sI", 0x22, 0x80, 0, 0, bytes(12), itt)
                  + bytes(28))

    def text(self, bhs, data):
        itt = struct.unpack_from(">I", bhs, 16)[0]
        reply = b""
        if b"SendTargets" in data:
            reply = (f"TargetName={self.target.iqn}\0TargetAddress="
                     f"127.0.0.1:{self.target.port},1\0").encode()
        self.send(struct.pack(">BBHI8sII", 0x24, 0x80, 0, 0, bytes(8), itt,
                              NO_TAG) + bytes(24), reply)

    def logout(self, bhs):
        itt = struct.unpack_from(">I", bhs, 16)[0]
        self.target.count("logouts")
        self.target.end_session(self.session)
        self.send(struct.pack(">BBHI8sI", 0x26, 0x80, 0, 0, bytes(8), itt)
                  + bytes(28))

    # Data to the target, RFC 7143 section 4.2.

    def command(self, bhs, data):
        task = Task(self, bhs)
        task.data += data
        self.target.count("commands")
        if not task.writes:
            self.target.run(task)
            return
        if not bhs[1] & 0x80:
            task.wanted = min(self.set["first-burst"], task.edtl) - len(data)
        self.tasks[task.itt] = task
        if bhs[1] & 0x80:
            self.next_burst(task)

    def next_burst(self, task):
        have = len(task.data)
        if have >= task.edtl:
            del self.tasks[task.itt]
            self.target.run(task)
            return
        n = min(self.set["max-burst"], task.edtl - have)
        self.send(struct.pack(">BBHI8sII", 0x31, 0x80, 0, 0, task.lun,
                              task.itt, task.itt) + bytes(12)
                  + struct.pack(">III", 0, have, n), sn=False)
        if self.set["early-good"]:
            del self.tasks[task.itt]
            self.target.count("early")
            self.respond(task, GOOD, residual=0)

    def data_out(self, bhs, data):
        task = self.tasks.get(struct.unpack_from(">I", bhs, 16)[0])
        at = struct.unpack_from(">I", bhs, 40)[0]
        if task is None and self.set["early-good"]:
            return
        if task is None or at != len(task.data):
            self.target.count("misordered")
            self.end(True)
            return
        task.data += data
        if bhs[1] & 0x80:
            self.next_burst(task)

    # Answers.

    def sense(self, key, asc):
        form = self.set["sense"]
        if form == "none":
            return b""
        if form == "descriptor":
            data = struct.pack(">BBHBBBB", 0x72, key, asc, 0, 0, 0, 0)
        else:
            data = struct.pack(">BBBIBIHBBH", 0x70, 0, key, 0, 10, 0, asc,
                               0, 0, 0)
        if form == "truncated":
            return struct.pack(">H", len(data)) + data[:6]
        return struct.pack(">H", len(data)) + data

    def respond(self, task, status, data=b"", response=0, residual=None):
        """residual None: what is due; else bytes of underflow to claim."""
        if residual is None:
            moved = len(task.data) if task.writes else 0
            residual = max(task.edtl - moved, 0)
        flags = 0x80 | (0x02 if residual > 0 else 0)
        self.send(struct.pack(">BBBBI8sI", 0x21, flags, response, status, 0,
                              bytes(8), task.itt) + bytes(24)
                  + struct.pack(">I", residual), data)

    def send_data(self, task, data, residual=None):
        """Data-In, the last with status GOOD."""
        data = data[:task.edtl]
        if residual is None:
            residual = task.edtl - len(data)
        if not data:
            self.respond(task, GOOD, residual=residual)
            return
        size = min(self.limit(), self.set["data-in"])
        for sn, at in enumerate(range(0, len(data), size)):
            part = data[at:at + size]
            last = at + len(part) == len(data)
            if self.set["holes"] and at > 0 and not last:
                continue
            flags = 0x81 | (0x02 if residual > 0 else 0) if last else 0
            self.send(struct.pack(">BBBBI8sII", 0x25, flags, 0, GOOD, 0,
                                  task.lun, task.itt, NO_TAG) + bytes(12)
                      + struct.pack(">III", sn, at,
                                    residual if last else 0), part, sn=last)


class Target:
    def __init__(self, args, settings):
        self.set = settings
        self.iqn = args.iqn
        self.port = args.port
        self.disk = Disk(settings, args.file)
        self.rules = [Rule(r) for r in args.rule]
        self.sessions, self.connections, self.silent = [], [], []
        self.held = []
        self.counters = {}
        self.tsih = 0
        self.loop = asyncio.get_running_loop()
        self.stopped = self.loop.create_future()

    def count(self, what):
        self.counters[what] = self.counters.get(what, 0) + 1

    def rule_for(self, tags):
        for rule in self.rules:
            if rule.meets(tags):
                self.count("rules")
                return rule
        return None

    def end_session(self, session):
        session.alive = False
        if session in self.sessions:
            self.sessions.remove(session)

    # Commands.

    def run(self, task):
        """A command and its data are here: what becomes of it?"""
        tags = tags_of(task.cdb)
        self.count(name_of(task.cdb))
        rule = self.rule_for(tags)
        if rule is None:
            self.finish(task)
        else:
            getattr(self, "do_" + rule.action.replace("-", "_"))(task,
                                                                 rule.arg)

    def evaluate(self, task):
        session = task.session
        if session.attention and "any" in tags_of(task.cdb):
            raise Check(6, session.attention.pop(0))
        if name_of(task.cdb) == "luns":
            lun = bytes([0, self.set["lun"]]) + bytes(6)
            return struct.pack(">II", 8, 0) + lun
        if task.lun != bytes([0, self.set["lun"]]) + bytes(6):
            if task.cdb[0] == 0x12:
                return bytes([0x7f]) + bytes(35)
            raise Check(5, 0x2500)
        return self.disk.execute(task.cdb, bytes(task.data))

    def finish(self, task):
        """Execute it and answer, if there is anybody to answer."""
        alive = task.session.alive
        if not alive and self.set["kill-tasks"]:
            self.count("killed")
            return
        try:
            data = self.evaluate(task)
            met = name_of(task.cdb) == "prefetch"
        except Check as c:
            if alive:
                task.conn.respond(task, CHECK,
                                  task.conn.sense(c.key, c.asc))
            return
        if not alive:
            self.count("late-writes")
        elif task.reads:
            # Parameter data are cut to what the CDB allows by the edtl.
            task.conn.send_data(task, data)
        else:
            task.conn.respond(task, CONDITION_MET if met else GOOD)

    def do_status(self, task, arg):
        task.conn.respond(task, int(arg, 16))

    def do_check(self, task, arg):
        key, asc = arg.split("/")
        task.conn.respond(task, CHECK,
                          task.conn.sense(int(key, 16), int(asc, 16)))

    def do_response(self, task, arg):
        task.conn.respond(task, GOOD, response=int(arg, 16), residual=0)

    def do_short(self, task, arg):
        data = self.evaluate(task)
        task.conn.send_data(task, data[:len(data) - int(arg)], residual=0)

    def do_underflow(self, task, arg):
        data = self.evaluate(task)
        task.conn.send_data(task, data[:len(data) - int(arg)])

    def do_nodata(self, task, _arg):
        task.conn.respond(task, GOOD, residual=0)

    def do_data(self, task, arg):
        task.conn.send_data(task, bytes.fromhex(arg))

    def do_swallow(self, _task, _arg):
        pass

    def do_hold(self, task, _arg):
        self.held.append(task)

    def do_slow(self, task, arg):
        low, _, high = arg.partition("-")
        ms = random.uniform(float(low), float(high or low))
        self.loop.call_later(ms / 1000, self.finish, task)

    def do_drop(self, task, _arg):
        task.conn.end(True)

    def do_close(self, task, _arg):
        task.conn.end(False)

    def do_done_drop(self, task, _arg):
        self.evaluate(task)
        task.conn.end(True)

    def do_reject(self, task, arg):
        bhs = struct.pack(">BBHI8sII", 0x01, 0x80, 0, 0, task.lun, task.itt,
                          task.edtl) + bytes(8) + task.cdb
        task.conn.reject(bhs, int(arg, 16))

    def do_login(self, _task, _arg):
        raise ValueError("this action is for logins")

    do_redirect = do_login

    # Connections.

    async def accept(self, reader, writer):
        conn = Connection(self, reader, writer)
        self.count("connections")
        self.connections.append(conn)
        pinger = None
        try:
            if await conn.login():
                pinger = self.loop.create_task(self.keep_pinging(conn))
                await conn.serve()
            elif conn in self.silent:
                await reader.read()
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if pinger is not None:
                pinger.cancel()
            self.connections.remove(conn)
            if conn.session is not None:
                conn.session.conn = None
                if not self.set["linger"]:
                    self.end_session(conn.session)
            writer.close()

    async def keep_pinging(self, conn):
        while True:
            interval = self.set["nop-interval"]
            await asyncio.sleep((interval or 50) / 1000)
            if interval == 0:
                continue
            if conn.ping_sent is not None and (
                    self.loop.time() - conn.ping_sent
                    > self.set["nop-timeout"] / 1000):
                self.count("ping-timeouts")
                conn.end(True)
                return
            conn.ping()

    # Control.

    def release(self):
        held, self.held = self.held, []
        before = dict(self.counters)
        for task in held:
            self.finish(task)
        return " ".join(f"{k}={self.counters.get(k, 0) - before.get(k, 0)}"
                        for k in ("killed", "late-writes"))

    def status(self):
        facts = {"sessions": len(self.sessions), "held": len(self.held),
                 "open": len(self.connections)}
        return " ".join(f"{k}={v}" for k, v in
                        sorted({**self.counters, **facts}.items()))

    def control(self, line):
        word, _, rest = line.strip().partition(" ")
        live = [c for c in self.connections if c.session is not None]
        if word == "rule":
            self.rules.append(Rule(rest))
        elif word == "rules" and rest == "clear":
            self.rules.clear()
        elif word == "set":
            change_setting(self.set, rest)
        elif word == "status":
            return self.status()
        elif word == "release":
            return f"held={len(self.held)} " + self.release()
        elif word in ("drop", "close"):
            for conn in [live[int(rest) - 1]] if rest else self.connections:
                conn.end(word == "drop")
        elif word == "async":
            event, _, ms = rest.partition(" ")
            for conn in live:
                conn.asynchronous(int(event))
                if event in ("2", "3"):
                    self.loop.call_later(int(ms or 0) / 1000, conn.end, False)
        elif word == "ping":
            for conn in live:
                conn.ping()
        elif word == "quit":
            self.stopped.set_result(None)
        else:
            raise ValueError("not understood")
        return ""

    async def control_accept(self, reader, writer):
        try:
            while line := await reader.readline():
                try:
                    reply = f"ok {self.control(line.decode())}".strip()
                except (ValueError, KeyError, IndexError) as e:
                    reply = f"error: {e}"
                writer.write(reply.encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()


def change_setting(settings, text):
    key, _, value = text.partition("=")
    if key not in settings:
        raise ValueError(f"{key} is not a setting")
    settings[key] = (int(value, 0) if isinstance(SETTINGS[key], int)
                     else value)


async def serve(args):
    settings = dict(SETTINGS)
    for text in args.set:
        change_setting(settings, text)
    target = Target(args, settings)
    server = await asyncio.start_server(target.accept, "127.0.0.1",
                                        args.port, limit=1 << 21)
    target.port = server.sockets[0].getsockname()[1]
    await asyncio.start_unix_server(target.control_accept, args.control)
    print(f"port {target.port}", flush=True)
    await target.stopped


def send_command(path, line):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.connect(path)
        s.sendall(line.encode() + b"\n")
        reply = s.makefile().readline()
    print(reply, end="")
    return 0 if reply.startswith("ok") else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--control", required=True)
    parser.add_argument("--command")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--iqn", default="iqn.2001-04.com.example:scripted")
    parser.add_argument("--file")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--rule", action="append", default=[])
    args = parser.parse_args()
    if args.command is not None:
        sys.exit(send_command(args.control, args.command))
    asyncio.run(serve(args))


if __name__ == "__main__":
    main()
