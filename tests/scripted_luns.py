# SPDX-License-Identifier: BSD-3-Clause

"""The LUNs of the scripted target: which numbers there are, how they are
written (SAM-5 4.7), and the disk behind each.
"""

import struct

from scripted_disk import Disk


class Luns:
    """"luns" of them, from "lun" on.  The first is FILE, the others are in
    memory, with identities of their own.
    """

    def __init__(self, settings, path):
        self.set = settings
        self.first = Disk(settings, path)
        self.others = {}

    def numbers(self):
        return range(self.set["lun"], self.set["lun"] + self.set["luns"])

    def field(self, number):
        """The 8 bytes that stand for a LUN."""
        return struct.pack(">H6x", self.set["form"] | number)

    def number(self, field):
        """None: there is no such LUN."""
        wire, rest = struct.unpack(">H6s", field)
        number = (wire & 0x3fff if self.set["any-form"]
                  else wire ^ self.set["form"])
        return number if number in self.numbers() and not any(rest) else None

    def report(self):
        data = bytes.fromhex(self.set["raw-luns"]) or b"".join(
            self.field(n) for n in self.numbers())
        return struct.pack(">II", len(data), 0) + data

    def disk(self, number):
        at = number - self.set["lun"]
        if at == 0:
            return self.first
        if at not in self.others:
            self.others[at] = Disk(self.set, None, at)
        return self.others[at]
