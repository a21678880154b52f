# SPDX-License-Identifier: BSD-3-Clause

"""The rules of the scripted target: which commands go wrong, and how.

scripted-target.py says how a rule is written.
"""

import random
import struct
import time

from scripted_disk import CHECK, GOOD, name_of

STATUSES = {"busy": 0x08, "conflict": 0x18, "full": 0x28, "aborted": 0x40}


class Rule:
    """See scripted-target.py."""

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


def tags_of(cdb):
    """The names and classes that a rule may call a command by."""
    name = name_of(cdb)
    tags = {name, "scsi", "all"}
    if name == "vpd":
        tags |= {"inquiry", f"vpd{cdb[2]:02x}"}
    elif name.startswith("capacity"):
        tags.add("capacity")
    elif name in ("read", "write", "flush", "unmap", "same"):
        tags.add("io")
    if name not in ("inquiry", "vpd", "luns", "sense", "groups"):
        tags.add("any")
    return tags


# The actions: what becomes of a task that a rule meets.

def do_status(_target, task, arg):
    task.conn.respond(task, int(arg, 16))


def do_check(_target, task, arg):
    key, asc = arg.split("/")
    task.conn.respond(task, CHECK,
                      task.conn.sense(int(key, 16), int(asc, 16)))


def do_response(_target, task, arg):
    task.conn.respond(task, GOOD, response=int(arg, 16), residual=0)


def do_short(target, task, arg):
    data = target.evaluate(task)
    task.conn.send_data(task, data[:len(data) - int(arg)], residual=0)


def do_underflow(target, task, arg):
    data = target.evaluate(task)
    task.conn.send_data(task, data[:len(data) - int(arg)])


def do_gap(target, task, arg):
    start, _, end = arg.partition("-")
    data = target.evaluate(task)
    task.conn.send_data(task, data, 0, range(int(start), int(end)))


def do_pdu(target, task, arg):
    task.conn.craft(arg, struct.pack(">I", task.itt))
    target.finish(task)


def do_busy_ahead(_target, task, arg):
    time.sleep(0.5)               # nothing is read meanwhile
    for i in range(int(arg)):
        task.conn.craft("2180000800000000" + "0" * 16 + f"{task.itt + i:08x}",
                        b"")


def do_reject_ahead(_target, task, arg):
    time.sleep(0.5)               # nothing is read meanwhile
    for i in range(int(arg)):
        task.conn.reject(struct.pack(">BBHI8sII", 0x01, 0x80, 0, 0, task.lun,
                                     task.itt + i, task.edtl)
                         + bytes(8) + task.cdb, 0x09)


def do_flood(target, task, arg):
    count, _, pattern = arg.partition("x")
    for _ in range(int(count)):
        task.conn.craft(pattern, struct.pack(">I", task.itt))
    target.finish(task)


def do_nodata(_target, task, _arg):
    task.conn.respond(task, GOOD, residual=0)


def do_data(_target, task, arg):
    task.conn.send_data(task, bytes.fromhex(arg))


def do_swallow(_target, _task, _arg):
    pass


def do_hold(target, task, _arg):
    target.held.append(task)


def do_slow(target, task, arg):
    low, _, high = arg.partition("-")
    ms = random.uniform(float(low), float(high or low))
    target.loop.call_later(ms / 1000, target.finish, task)


def do_drop(_target, task, _arg):
    task.conn.end(True)


def do_close(_target, task, _arg):
    task.conn.end(False)


def do_done_drop(target, task, _arg):
    target.evaluate(task)
    task.conn.end(True)


def do_reject(_target, task, arg):
    bhs = struct.pack(">BBHI8sII", 0x01, 0x80, 0, 0, task.lun, task.itt,
                      task.edtl) + bytes(8) + task.cdb
    task.conn.reject(bhs, int(arg, 16))


def do_last_close(target, task, _arg):
    target.last_answer(task, lambda conn: conn.end(False))


def do_last_drop(target, task, _arg):
    target.last_answer(task, lambda conn: conn.end(True))


def do_last_reject(target, task, arg):
    bhs = struct.pack(">BBHI8sII", 0x01, 0x80, 0, 0, task.lun, task.itt,
                      task.edtl) + bytes(8) + task.cdb
    target.last_answer(task, lambda conn: conn.reject(bhs, int(arg, 16)))


def do_last_async(target, task, arg):
    def end(conn):
        conn.asynchronous(int(arg))
        conn.end(False)
    target.last_answer(task, end)


def do_last_logout(target, task, arg):
    task.conn.asynchronous(int(arg))
    task.conn.before_logout.append(lambda: target.finish(task))


def for_logins_only(_target, _task, _arg):
    raise ValueError("this action is for logins")


ACTIONS = {
    "status": do_status, "check": do_check, "response": do_response,
    "gap": do_gap, "pdu": do_pdu, "flood": do_flood,
    "busy-ahead": do_busy_ahead, "reject-ahead": do_reject_ahead,
    "short": do_short, "underflow": do_underflow, "nodata": do_nodata,
    "data": do_data, "swallow": do_swallow, "hold": do_hold,
    "slow": do_slow, "drop": do_drop, "close": do_close,
    "done-drop": do_done_drop, "reject": do_reject,
    "last-close": do_last_close, "last-drop": do_last_drop,
    "last-reject": do_last_reject, "last-async": do_last_async,
    "last-logout": do_last_logout,
    "login": for_logins_only, "redirect": for_logins_only,
}
