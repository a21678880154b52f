# SPDX-License-Identifier: BSD-3-Clause

"""The iSCSI side of the scripted target: sessions, PDUs, the login, bursts
of data and answers (RFC 7143).  What becomes of a command, once it and its
data are here, is for the target to say.
"""

import asyncio
import socket
import struct

from scripted_chap import Chap
from scripted_disk import GOOD

NO_TAG = 0xffffffff


class Session:
    def __init__(self, key, tsih):
        self.key, self.tsih = key, tsih # of the name, ISID and portal group
        self.alive = True
        self.conn = None
        self.attention = []       # (LUN, ASC and ASCQ) that wait
        self.portal = 1
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
        self.resets = 0           # of the LUN, before this command


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
        self.before_logout = []   # the answers that come together with it
        self.after_login = None   # what comes in the segment of its answer
        port = writer.get_extra_info("sockname")[1]
        self.portal = (target.ports.index(port) + 1 if port in target.ports
                       else 1)
        self.text_left = b""      # of an answer that is too long for one PDU

    # PDUs.

    async def receive(self):
        bhs = await self.reader.readexactly(48)
        ahs, length = bhs[4] * 4, int.from_bytes(bhs[5:8], "big")
        data = await self.reader.readexactly(ahs + length + -length % 4)
        if self.set["receive-rate"]:
            await asyncio.sleep(length / self.set["receive-rate"])
        return bhs, data[ahs:ahs + length]

    def send(self, bhs, data=b"", sn=True):
        """Fill in lengths and numbers.  sn: takes a StatSN."""
        bhs = bytearray(bhs)
        bhs[5:8] = len(data).to_bytes(3, "big")
        struct.pack_into(">III", bhs, 24, self.stat_sn,
                         self.exp_cmd_sn + self.set["ahead"],
                         (self.exp_cmd_sn + self.set["window"] - 1)
                         & 0xffffffff)
        if sn:
            self.stat_sn = (self.stat_sn + 1) & 0xffffffff
        pad = -len(data) % 4
        garbage = self.set["pad"] == "login" or (
            self.set["pad"] == "garbage" and self.logged_in)
        fill = b"\xa5" if garbage else b"\0"
        self.put(bytes(bhs), data + fill * pad)

    def put(self, bhs, data):
        """A whole PDU, on its way."""
        self.writer.write(bhs + data)

    def set_option(self, level, option, value):
        """Of the socket, unless that is closed already."""
        sock = self.writer.get_extra_info("socket")
        if sock is not None and sock.fileno() >= 0:
            sock.setsockopt(level, option, value)

    def cork(self, on):
        self.set_option(socket.IPPROTO_TCP, socket.TCP_CORK, on)

    def end(self, reset):
        if reset:
            self.set_option(socket.SOL_SOCKET, socket.SO_LINGER,
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
            "AuthMethod": "None", "HeaderDigest": s["header-digest"],
            "DataDigest": s["data-digest"], "ErrorRecoveryLevel": "0",
            "MaxConnections": "1", "MaxOutstandingR2T": "1",
            "DataPDUInOrder": "Yes", "DataSequenceInOrder": "Yes",
            "DefaultTime2Wait": "2", "DefaultTime2Retain": "0",
            "InitialR2T": "Yes" if s["initial-r2t"] else "No",
            "ImmediateData": "Yes" if s["immediate-data"] else "No",
            "FirstBurstLength": str(s["first-burst"]),
            "MaxBurstLength": str(s["max-burst"]),
            "IFMarker": "No", "OFMarker": "No",
        }
        answers = dict(a.split("=", 1) for a in s["answers"].split(";") if a)
        reply = []
        for key, value in keys.items():
            if key in answers:
                reply += f"{key}={answers[key]}".split("&")
            elif key in fixed:
                reply.append(f"{key}={fixed[key]}")
            elif key == "MaxRecvDataSegmentLength":
                self.session.max_recv = int(value)
                reply.append(f"{key}={s['max-recv']}")
        return reply

    async def login(self):
        """True: in full feature phase.  False: refused."""
        first = True
        chap = Chap(self.set["chap"]) if self.set["chap"] else None
        while True:
            bhs, data = await self.receive()
            if bhs[0] & 0x3f != 0x03:
                return False
            keys = dict(item.split("=", 1) for item in
                        data.decode(errors="replace").split("\0")
                        if "=" in item)
            if first:
                self.exp_cmd_sn = struct.unpack_from(">I", bhs, 24)[0]
                await asyncio.sleep(self.set["login-ms"] / 1000)
                if not self.begin_session(bhs, keys):
                    return False
            reply = self.answer_keys(keys)
            if first:
                if self.portal_group() != -1:
                    reply.append(f"TargetPortalGroupTag={self.portal_group()}")
                reply += [self.set["key"]] if self.set["key"] else []
            first = False
            flags = bhs[1] & 0x8f
            if chap and not chap.proved:
                said = chap.answer(keys) if flags & 0x0c == 0 else None
                if said is None:
                    self.target.count("unproved")
                    self.refuse_login(bhs, 0x0201)
                    return False
                reply = said + [r for r in reply
                                if not r.startswith("AuthMethod=")]
                if chap.proved:
                    self.target.count(f"chap{chap.chosen}")
                else:
                    flags = 0     # there is more to be said in this stage
            elif any(r.startswith(("AuthMethod=CHAP", "CHAP_A=")) for r in reply):
                flags &= 0x0c     # there is more to be said in this stage
            if self.set["pretend"]:
                flags = 0x87
                reply += ["CHAP_N=pretender",
                          f"CHAP_R={self.set['pretend']}"]
            last = flags & 0x80 and flags & 3 == 3
            if not last:
                self.login_reply(bhs, flags, reply)
                continue
            self.reinstate()
            self.cork(1)
            self.login_reply(bhs, flags, reply)
            if self.after_login:
                self.after_login()
            self.cork(0)
            return True

    def login_reply(self, bhs, flags, keys):
        reply = bytearray(48)
        reply[0], reply[1] = 0x23, flags
        reply[8:20] = bhs[8:20]
        if flags & 0x83 == 0x83:
            struct.pack_into(">H", reply, 14, self.session.tsih)
        self.send(reply, "".join(k + "\0" for k in keys).encode())

    def end_after(self, rule):
        """What the target does in the segment that has its last answer."""
        if rule.arg:
            self.asynchronous(int(rule.arg))
        if rule.action != "last-logout":
            self.end(rule.action == "last-drop")

    def portal_group(self):
        tag = self.set["portal-group"]
        if tag == -1 or self.set["one-group"]:
            return tag
        return tag + self.portal - 1

    def begin_session(self, bhs, keys):
        target = self.target
        target.count("logins")
        isid = bytes(bhs[8:14])
        if isid not in target.isids:
            target.isids.append(isid)
        rule = target.rule_for({"login", "all",
                                f"login{target.isids.index(isid) + 1}",
                                f"login#{keys.get('TargetName')}"})
        if rule is not None:
            if rule.action.startswith("last-"):
                self.after_login = lambda: self.end_after(rule)
                return self.admit(bhs, keys)
            if rule.action == "login":
                self.refuse_login(bhs, int(rule.arg, 16))
            elif rule.action == "redirect":
                tag = "" if "," in rule.arg else ",1"
                self.refuse_login(bhs, 0x0101,
                                  f"TargetAddress={rule.arg}{tag}\0".encode())
            elif rule.action in ("drop", "close"):
                self.end(rule.action == "drop")
            elif rule.action == "swallow":
                target.silent.append(self)
            elif rule.action == "data":
                self.send(struct.pack(">BBHI8s4sI", 0x25, 0x80, 0, 0, bytes(8),
                                      bhs[16:20], NO_TAG) + bytes(24),
                          bytes.fromhex(rule.arg))
            return False
        return self.admit(bhs, keys)

    def admit(self, bhs, keys):
        target = self.target
        if keys.get("SessionType") == "Discovery":
            for what in "drops", "refuses":
                word = self.set[f"discovery-{what}"]
                if not word or not any(word in v for v in keys.values()):
                    continue
                if what == "drops":
                    self.end(True)
                else:
                    self.refuse_login(bhs, 0x0201)
                return False
        if keys.get("TargetName", target.iqn) not in target.names():
            self.refuse_login(bhs, 0x0203)
            return False
        key = (keys.get("InitiatorName", ""), keys.get("TargetName", ""),
               bytes(bhs[8:14]), self.portal_group())
        limit = self.set["max-sessions"]
        others = [s for s in target.sessions if s.key != key]
        if limit and len(others) >= limit:
            target.count("refused")
            self.refuse_login(bhs, self.set["refusal"])
            return False
        target.tsih += 1
        self.session = Session(key, target.tsih)
        self.session.conn = self
        self.session.portal = self.portal
        if self.set["login-ua"]:
            self.session.attention += [(n, 0x2900)
                                       for n in target.luns.numbers()]
        return True

    def reinstate(self):
        for old in list(self.target.sessions):
            same = old.key == self.session.key
            evict = self.set["evict"] and old.key[:2] == self.session.key[:2]
            if same and self.set["reinstate"] or evict:
                self.target.count("reinstated" if same else "evicted")
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
            if self.meets_rule(op, bhs):
                continue
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

    def meets_rule(self, op, bhs):
        """What is no SCSI command meets rules that answer with any PDU."""
        name = {0x02: "task", 0x04: "text", 0x06: "logout"}.get(op)
        rule = name and self.target.rule_for({name})
        if rule and rule.action == "pdu":
            self.craft(rule.arg, bhs[16:20])
        elif rule and rule.action == "flood":
            count, _, pattern = rule.arg.partition("x")
            for _ in range(int(count)):
                self.craft(pattern, bhs[16:20])
        elif rule and rule.action == "last-logout":
            self.asynchronous(int(rule.arg))
            self.before_logout.append(lambda: self.task_management(bhs))
        elif rule and rule.action.startswith("last-"):
            self.cork(1)
            self.task_management(bhs)
            self.end_after(rule)
            self.cork(0)
        return bool(rule)

    def craft(self, pattern, itt):
        """Send a header that is given in hex: "iiiiiiii" stands for the task
        tag, and what is left out at the end is zero.  The numbers are right.
        The data are as many bytes of ee as it says.
        """
        head = pattern.replace("i" * 8, itt.hex()).ljust(96, "0")
        bhs = bytearray.fromhex(head)
        struct.pack_into(">III", bhs, 24, self.stat_sn, self.exp_cmd_sn,
                         self.exp_cmd_sn + self.set["window"] - 1)
        length = int.from_bytes(bhs[5:8], "big")
        self.writer.write(bytes(bhs) + b"\xee" * (length + -length % 4))

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
        rule = self.target.rule_for({"nop"})
        if rule is not None:
            if rule.action == "pdu":
                self.craft(rule.arg, bhs[16:20])
            return
        self.send(struct.pack(">BBHI8sII", 0x20, 0x80, 0, 0, bhs[8:16], itt,
                              NO_TAG) + bytes(24), data[:self.limit()])

    def limit(self):
        return max(self.session.max_recv, 512)

    def nop_in(self, ttt):
        """TTT 0xffffffff: no answer is wanted."""
        self.send(struct.pack(">BBHI8sII", 0x20, 0x80, 0, 0,
                              self.target.luns.field(self.set["lun"]),
                              NO_TAG, ttt) + bytes(24), sn=False)

    def ping(self):
        self.ping_sent = self.ping_sent or self.target.loop.time()
        self.nop_in(0x1234)

    def asynchronous(self, event):
        self.send(struct.pack(">BBHI8sII", 0x32, 0x80, 0, 0, bytes(8),
                              NO_TAG, 0) + bytes(12)
                  + struct.pack(">BBHHHI", event, 0, 1, 1, 1, 0))

    def reject(self, bhs, reason):
        self.send(struct.pack(">BBBBI8sI", 0x3f, 0x80, reason, 0, 0,
                              bytes(8), NO_TAG) + bytes(28), bhs)

    def task_management(self, bhs):
        itt = struct.unpack_from(">I", bhs, 16)[0]
        response = 0
        if bhs[1] & 0x7f == 5 and self.set["reset"]:
            self.target.reset_lun(bhs[8:16])
        else:
            self.target.count("task-management")
            response = 5          # not supported
        self.send(struct.pack(">BBBB12sI", 0x22, 0x80, response, 0,
                              bytes(12), itt) + bytes(28))

    def text(self, bhs, data):
        itt, ttt = struct.unpack_from(">II", bhs, 16)
        if ttt == NO_TAG:
            self.text_left = b""
        if b"SendTargets" in data:
            told = (self.set["addresses"].split(";") if self.set["addresses"]
                    else [f"127.0.0.1:{port},{n + 1}"
                          for n, port in enumerate(self.target.ports)])
            portal = "".join(f"TargetAddress={a}\0" for a in told)
            self.text_left = "".join(
                f"TargetName={name}\0" + portal * self.set["portals"]
                for name in self.target.told()).encode(
                    errors="surrogateescape")
        left = memoryview(self.text_left)
        size = self.set["text"] or len(left)
        reply, self.text_left = bytes(left[:size]), left[size:]
        if self.text_left:        # RFC 7143 11.11.1, 11.11.4
            self.target.count("continued")
            flags, ttt = 0 if reply.endswith(b"\0") else 0x40, 1
        else:
            flags, ttt = 0x80, NO_TAG
        self.send(struct.pack(">BBHI8sII", 0x24, flags, 0, 0, bytes(8), itt,
                              ttt) + bytes(24), reply)

    def logout(self, bhs):
        itt = struct.unpack_from(">I", bhs, 16)[0]
        self.target.count("logouts")
        self.cork(1)
        for answer in self.before_logout:
            answer()
        self.target.end_session(self.session)
        self.send(struct.pack(">BBHI8sI", 0x26, 0x80, 0, 0, bytes(8), itt)
                  + bytes(28))
        self.cork(0)

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
        if 0 < self.set["most-writes"] < len(self.tasks):
            self.target.count("too-many")
            self.end(True)
            return
        if bhs[1] & 0x80:
            self.next_burst(task)

    def next_burst(self, task):
        have = len(task.data)
        if have >= task.edtl:
            del self.tasks[task.itt]
            self.target.run(task)
            return
        n = min(self.set["max-burst"], task.edtl - have)
        window = self.set["window"]
        if self.set["window-jumps"]:
            # As far as one may go (RFC 1982) without going back.
            self.set["window"] += 0x80000000 - window // 2
            self.nop_in(NO_TAG)
        self.send(struct.pack(">BBHI8sII", 0x31, 0x80, 0, 0, task.lun,
                              task.itt, task.itt) + bytes(12)
                  + struct.pack(">III", 0, have, n), sn=False)
        if self.set["data-out-ms"]:
            self.target.loop.call_later(self.set["data-out-ms"] / 1000,
                                        self.insist_on_data, task, have + n)
        if self.set["early-good"]:
            del self.tasks[task.itt]
            self.target.count("early")
            self.respond(task, GOOD, residual=0)
        if self.set["window-jumps"]:
            self.set["window"] = window // 4
            self.nop_in(NO_TAG)
            self.set["window"] = window

    def insist_on_data(self, task, length):
        if len(task.data) < length and self in self.target.connections:
            self.target.count("too-slow")
            self.end(True)

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
        if form in ("descriptor", "endless"):
            data = struct.pack(">BBHBBBB", 0x72, key, asc, 0, 0, 0,
                               255 if form == "endless" else 0)
        else:
            data = struct.pack(">BBBIBIHBBH", 0x70, 0, key, 0, 10, 0, asc,
                               0, 0, 0)
        if form == "deferred":
            data = b"\x71" + data[1:]
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

    def send_data(self, task, data, residual=None, gap=range(0)):
        """Data-In, the last with status GOOD.  gap: where the PDUs begin that
        are left out.
        """
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
            if at in gap:
                if last:
                    self.respond(task, GOOD, residual=0)
                continue
            flags = 0x81 | (0x02 if residual > 0 else 0) if last else 0
            self.send(struct.pack(">BBBBI8sII", 0x25, flags, 0, GOOD, 0,
                                  task.lun, task.itt, NO_TAG) + bytes(12)
                      + struct.pack(">III", sn, at,
                                    residual if last else 0), part, sn=last)
