#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause

"""An iSCSI target on loopback that misbehaves on demand.

  scripted-target.py --control SOCKET [--address A] [--port N] [--portals N]
                     [--file FILE]
                     [--set KEY=VALUE]... [--rule 'RULE']...
  scripted-target.py --control SOCKET --command 'LINE'

The first form serves one LUN (in memory, or FILE) without authentication,
prints "port N" once it listens, and takes commands, one a line, on the Unix
socket; each is answered with a line that starts with "ok" or "error".  The
second form sends one command, prints the answer and fails unless it is "ok".

With --portals there are several ways to the LUNs, each with a portal group
and an ALUA target port group of its own; a line "portal N PORT" for each.

Commands:
  rule RULE        add a rule (below); "rules clear" removes all, "rules clear
                   WHAT" those for WHAT
  set KEY=VALUE    change a setting (SETTINGS below has them all)
  status           counters, in key=value form
  release          let every held command go on
  drop [N|held]    reset every connection, or the Nth of those that are logged
                   in, or the one that brought the oldest held command;
                   "close": end them with a FIN
  async N [MS]     send asynchronous message N (RFC 7143 11.9); 2 and 3 drop
                   the connection after MS milliseconds
  ping             send a NOP-In that wants an answer
  alua [ms=N] [lun=N] GROUP:STATE...
                   the state of these target port groups from now on, for one
                   LUN or all: optimized, nonoptimized, standby, unavailable,
                   offline, transitioning.  With ms= they are in transition
                   for so long
  quit

A rule is  WHAT [skip=N] [times=N] ACTION [ARGUMENT].  It meets the Nth+1
(skip) and the following times (1; 0: for ever) commands that match WHAT;
the first rule that matches wins.

WHAT is the name of a command: tur inquiry vpd vpdXX capacity10 capacity16
modesense read write flush unmap same lbastatus luns groups setgroups
prefetch login, or of another request: nop task text logout (only swallow and
pdu, task also last-...);
loginN, those with the Nth ISID that came (status has that of the oldest held
command as holder=N);
or a class: io (read write flush unmap same), capacity (both), any (what
may report a unit attention: all but inquiry, luns and groups), scsi (all but
login), all.  NAME@N: of these, what comes through portal N; NAME#N: what is for
LUN N; login#TARGET: logins to one of several targets.

ACTION:
  busy, full, aborted, conflict     that SCSI status
  status XX        any SCSI status, in hex
  check K/AAQQ     CHECK CONDITION with this sense key, ASC and ASCQ, in hex
  response XX      SCSI Response with this iSCSI response code, status GOOD
  short N          GOOD, N bytes of data fewer than asked, no residual
  underflow N      the same with the residual that is due
  nodata           GOOD and no data at all
  gap A-B          GOOD, and no PDU whose data begin at A or later and before B
  pdu HEX          before it is executed, any PDU: its header, in which iiiiiiii
                   is the task's tag, and as many bytes of ee as it says
  flood NxHEX      the same N times
  busy-ahead N     BUSY to this one and the N-1 that follow, before they are read
  reject-ahead N   the same with a Reject
  data HEX         GOOD with these bytes as data
  swallow          never answered, never executed
  hold             kept until "release"; then executed if its session still
                   lives (or if kill-tasks is no), and answered if it can be
  slow MS[-MS]     executed and answered later
  drop, close      end the connection instead of executing the command
  done-drop        execute it, then reset the connection, no answer
  reject XX        Reject PDU with this reason
  last-close, last-drop, last-reject XX, last-async N
                   execute and answer it; the same segment ends the
                   connection, rejects the command, or has an asynchronous
                   message and then the end
  last-logout N    asynchronous message N; the answer comes with that to the
                   logout, in one segment.  (login) These four come in the
                   segment of the last answer of the login
  login CCDD       (login) this status class and detail
  redirect A[:P][,TAG]  (login) moved temporarily to this address; tag 1 unless
                   there is one

Sessions are reinstated as RFC 7143 6.3.5 says: a login with the initiator
name and ISID of a session that lives ends that session and all its tasks
first.
"""

import argparse
import asyncio
import socket
import struct
import sys

from scripted_alua import CHANGED, STATES, PortGroups, parse_change
from scripted_disk import CHECK, CONDITION_MET, GOOD, Check, name_of
from scripted_iscsi import Connection
from scripted_luns import Luns
from scripted_rules import ACTIONS, Rule, tags_of

# Settings, their defaults, and what they mean.
SETTINGS = {
    "lun": 1,                     # the first; the others have the same blocks
    "luns": 1,                    # how many, one number after the other
    "form": 0,                    # of their addresses: 0x4000 is flat space
    "any-form": 0,                # 1: it takes both
    "raw-luns": "",               # REPORT LUNS tells these entries, in hex
    "names": "",                  # more of them, "iqn.x:a;iqn.x:b"
    "hide": 0,                    # of the names at the end, how many are not
                                  # told
    "text": 0,                    # bytes of a text answer at a time; 0: all
    "blocks": 131072,             # capacity: of 64 MiB
    "block-size": 512,
    "vendor": "SCRIPTED", "product": "DISK",
    "serial": "0001",             # VPD 80, and part of VPD 83
    "naa": "60014050000000000000000000000001",  # VPD 83
    "b0-length": 60,              # of VPD B0, after its header
    "max-transfer": 0,            # VPD B0, blocks
    "thin": 1,                    # LBPME, UNMAP
    "extent": 0xffffffff,         # blocks that GET LBA STATUS tells at a time
    "max-unmap": 0xffffffff,      # VPD B0, blocks
    "too-long": 0,                # blocks: longer UNMAP and WRITE SAME get
                                  # 5/2400, and VPD B0 does not tell it
    "one-by-one": 0,              # ms that each of them takes, one at a time
    "granularity": 0,             # VPD B0, blocks: of a WRITE SAME with the
                                  # UNMAP bit only whole granules are zeroed
    "narrow": 0,                  # 1: of the count of a WRITE SAME only 16
                                  # bits are kept; 0 is "to the end"
    "readonly": 0,                # WP, writes 7/2700
    "dpofua": 1, "wce": 1,
    "login-ua": 1,                # 6/2900 on the first command of a session
    "ahead": 0,                   # so much too high is ExpCmdSN
    "sense": "fixed",             # deferred, descriptor, none, truncated;
                                  # endless: it says that it is longer
    "pad": "zero",                # garbage: in pad bytes after the login;
                                  # login: in those of the login, too
    "window": 128,                # MaxCmdSN - ExpCmdSN + 1
    "nop-interval": 0,            # ms between pings of ours
    "nop-timeout": 2000,          # ms; then the connection is dropped
    "max-sessions": 0,            # further logins get the next; 0: no limit
    "refusal": 0x0302,            # status class and detail
    "evict": 0,                   # 1: a login ends all other sessions of its
                                  # initiator name, whatever their ISID
    "login-ms": 0,                # that a login takes
    "reinstate": 1,               # 0: leave the old session alive
    "linger": 0,                  # 1: a session outlives its connection
    "kill-tasks": 1,              # 0: held writes outlive their session
    "hang-up": 1,                 # 0: a logout leaves the connection open
    "early-good": 0,              # 1: writes end before their data are here
    "receive-rate": 0,            # bytes in a second, of each connection
    "data-out-ms": 0,             # a connection whose data of a write are not
                                  # here after so long is dropped; 0: no limit
    "most-writes": 0,             # a connection that has more that wait for
                                  # data is dropped; 0: no limit
    "window-jumps": 0,            # 1: MaxCmdSN closes the window while data
                                  # of a write are asked for, and opens it
    "portal-group": 1,            # of logins from now on, at the first
                                  # portal; -1: not told
    "one-group": 0,               # 1: all portals are in it
    "reset": 1,                   # 0: LOGICAL UNIT RESET is not supported
    "tpgs": 0,                    # ALUA: 1 implicit, 2 explicit, 3 both
    "extended": 1,                # 0: the extended header gets 5/2400
    "transition-s": 0,            # that it tells
    "preferred": 0,               # a target port group
    "stpg-ms": 0,                 # that SET TARGET PORT GROUPS takes
    "alua-ua": 1,                 # 6/2A06 when a state has changed
    "holes": 0,                   # 1: of the Data-In PDUs of a command only
                                  # the first and the last are sent
    "data-in": 262144,            # bytes of data in one of them at most
    # Keys of the login (RFC 7143 section 13).
    "max-recv": 262144,           # MaxRecvDataSegmentLength
    "first-burst": 65536, "max-burst": 262144,
    "initial-r2t": 0, "immediate-data": 1,
    "header-digest": "None", "data-digest": "None",
    "targets": 1, "portals": 1,   # that discovery tells of
    "addresses": "",              # instead of its own, "192.0.2.1,1;..."
    "name-length": 0,             # bytes of their names, at least
    "key": "",                    # one more, "Key=value"
    # Answers to keys of the login, instead of the usual ones and more than
    # those: "AuthMethod=CHAP;CHAP_A=5&CHAP_I=1".
    "answers": "",
    # A login for discovery that offers this is cut off; or refused with 0201.
    "discovery-drops": "",
    "discovery-refuses": "",
    # CHAP that is demanded: "7,5 USER SECRET [TARGET-USER TARGET-SECRET]";
    # the algorithms are those of CHAP_A.
    "chap": "",
    # CHAP_R of a target that leaves out the security stage and says that it
    # has proved itself.
    "pretend": "",
}


class Target:
    connection = Connection

    def __init__(self, args, settings):
        self.set = settings
        self.iqn = args.iqn
        self.port = args.port
        self.ports = []           # of the portals
        self.luns = Luns(settings, args.file)
        self.disk = self.luns.first
        self.groups = PortGroups(settings, getattr(args, "portals", 1))
        self.rules = [Rule(r) for r in args.rule]
        self.sessions, self.connections, self.silent = [], [], []
        self.held = []
        self.resets = {}          # by LUN
        self.isids = []           # in the order in which they came
        self.counters = {}
        self.transitions = {}     # timers, by LUN (None: all)
        self.tsih = 0
        self.busy_until = 0
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

    def reset_lun(self, lun):
        """SAM-5 6.3.3: the commands of all sessions end, unanswered."""
        self.count("resets")
        self.resets[lun] = self.resets.get(lun, 0) + 1
        for task in self.held:
            if task.lun == lun:
                self.count("killed")
        self.held = [task for task in self.held if task.lun != lun]
        for session in self.sessions:
            session.attention.append((self.luns.number(lun), 0x2900))

    def change_states(self, lun, states, ms):
        """Of one LUN, or all (None), now or after ‘ms’ in transition.  It takes
        the place of one that is still in transition.
        """
        for other in list(self.transitions):
            if lun in (other, None):
                self.transitions.pop(other).cancel()
        if ms:
            self.transitions[lun] = self.loop.call_later(
                ms / 1000, self.set_states, lun, states)
            states = dict.fromkeys(states, STATES["transitioning"])
        self.set_states(lun, states)

    def set_states(self, lun, states):
        for n in [lun] if lun is not None else self.luns.numbers():
            self.groups.change(n, states)
            if self.set["alua-ua"]:
                for session in self.sessions:
                    if (n, CHANGED) not in session.attention:
                        session.attention.append((n, CHANGED))

    # Commands.

    def run(self, task):
        """A command and its data are here: what becomes of it?"""
        tags = tags_of(task.cdb)
        task.resets = self.resets.get(task.lun, 0)
        portal = task.conn.portal
        self.count(name_of(task.cdb))
        self.count(f"{name_of(task.cdb)}@{portal}")
        if task.cdb[0] == 0x93:   # WRITE SAME (16): the blocks of the longest
            self.counters["longest-same"] = max(
                self.counters.get("longest-same", 0),
                struct.unpack_from(">I", task.cdb, 10)[0])
        lun = self.luns.number(task.lun)
        rule = self.rule_for(tags | {f"{tag}@{portal}" for tag in tags}
                             | {f"{tag}#{lun}" for tag in tags})
        ms = self.set["one-by-one"] if tags & {"same", "unmap"} else 0
        if rule is None and ms:
            self.busy_until = (max(self.busy_until, self.loop.time())
                               + ms / 1000)
            self.loop.call_at(self.busy_until, self.finish, task)
        elif rule is None:
            self.finish(task)
        else:
            ACTIONS[rule.action](self, task, rule.arg)

    def evaluate(self, task):
        session, name = task.session, name_of(task.cdb)
        lun, group = self.luns.number(task.lun), task.conn.portal
        if name == "luns":
            return self.luns.report()
        if lun is None:
            if task.cdb[0] == 0x12:
                return bytes([0x7f]) + bytes(35)
            raise Check(5, 0x2500)
        for attention in session.attention:
            if attention[0] == lun and "any" in tags_of(task.cdb):
                session.attention.remove(attention)
                raise Check(6, attention[1])
        self.groups.check(task.cdb, lun, group)
        if name == "groups":
            return self.groups.report(task.cdb, lun)
        if name == "setgroups":
            self.change_states(lun, self.groups.obey(bytes(task.data)),
                               self.set["stpg-ms"])
            return b""
        data = self.luns.disk(lun).execute(task.cdb, bytes(task.data))
        if task.cdb[0] == 0x12:
            data = self.groups.describe(task.cdb, data, group)
        return data

    def told(self):
        names = self.names()
        return names[:len(names) - self.set["hide"]]

    def names(self):
        """Of the target, and of others that are the same."""
        numbered = [f"iqn.2001-04.com.example:{i}".ljust(
                        self.set["name-length"], "x")
                    for i in range(1, self.set["targets"])]
        return ([self.iqn] + numbered
                + [n for n in self.set["names"].split(";") if n])

    def finish(self, task):
        """Execute it and answer, if there is anybody to answer."""
        alive = task.session.alive
        if task.resets != self.resets.get(task.lun, 0):
            self.count("killed")
            return
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

    def last_answer(self, task, end):
        """What ends the session is read together with the answer."""
        task.conn.cork(1)
        self.finish(task)
        end(task.conn)
        task.conn.cork(0)

    # Connections.

    async def accept(self, reader, writer):
        conn = self.connection(self, reader, writer)
        self.count("connections")
        self.count(f"connections@{conn.portal}")
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
        holders = [task.session for task in self.held]
        facts = {"sessions": len(self.sessions), "held": len(self.held),
                 "holders": len(set(holders)),
                 "most-held": max(map(holders.count, holders), default=0),
                 "open": len(self.connections)}
        for task in self.held[:1]:
            facts["holder"] = self.isids.index(task.session.key[2]) + 1
        for session in self.sessions:
            key = f"sessions@{session.portal}"
            facts[key] = facts.get(key, 0) + 1
        return " ".join(f"{k}={v}" for k, v in
                        sorted({**self.counters, **facts}.items()))

    def named(self, which, live):
        if which == "held":
            return [self.held[0].conn]
        return [live[int(which) - 1]] if which else list(self.connections)

    def control(self, line):
        word, _, rest = line.strip().partition(" ")
        live = [c for c in self.connections if c.session is not None]
        if word == "rule":
            self.rules.append(Rule(rest))
        elif word == "rules" and rest.split()[:1] == ["clear"]:
            what = rest.split()[1:]
            self.rules = [r for r in self.rules if what and r.what != what[0]]
        elif word == "set":
            change_setting(self.set, rest)
        elif word == "status":
            return self.status()
        elif word == "release":
            return f"held={len(self.held)} " + self.release()
        elif word in ("drop", "close"):
            for conn in self.named(rest, live):
                conn.end(word == "drop")
        elif word == "async":
            event, _, ms = rest.partition(" ")
            for conn in live:
                conn.asynchronous(int(event))
                if event in ("2", "3"):
                    self.loop.call_later(int(ms or 0) / 1000, conn.end, False)
        elif word == "alua":
            ms, lun, states = parse_change(rest)
            self.change_states(lun, states, ms)
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
    servers = []                  # one that is let go of stops
    for n in range(args.portals):
        server = await asyncio.start_server(
            target.accept, args.address, args.port if n == 0 else 0,
            limit=1 << 21)
        servers.append(server)
        target.ports.append(server.sockets[0].getsockname()[1])
        print(f"portal {n + 1} {target.ports[n]}")
    target.port = target.ports[0]
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
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--portals", type=int, default=1)
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
