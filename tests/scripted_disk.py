# SPDX-License-Identifier: BSD-3-Clause

"""The disk of the scripted target: SCSI commands in, data out."""

import functools
import os
import struct

GOOD, CHECK, CONDITION_MET = 0x00, 0x02, 0x04

NAMES = {
    0x00: "tur", 0x12: "inquiry", 0x25: "capacity10", 0x1a: "modesense",
    0x5a: "modesense", 0x28: "read", 0x88: "read", 0x2a: "write",
    0x8a: "write", 0x35: "flush", 0x91: "flush", 0x42: "unmap",
    0x41: "same", 0x93: "same", 0xa0: "luns", 0x34: "prefetch",
    0x90: "prefetch", 0x03: "sense",
}

# By opcode and service action.
ACTIONS = {
    (0x9e, 0x10): "capacity16", (0x9e, 0x12): "lbastatus",
    (0xa3, 0x0a): "groups", (0xa4, 0x0a): "setgroups",
}


def name_of(cdb):
    if cdb[0] in (0x9e, 0xa3, 0xa4):
        return ACTIONS.get((cdb[0], cdb[1] & 31), "?")
    if cdb[0] == 0x12 and cdb[1] & 1:
        return "vpd"
    return NAMES.get(cdb[0], "?")


class Check(Exception):
    """A command ends with CHECK CONDITION."""

    def __init__(self, key, asc):
        super().__init__(f"{key:x}/{asc:04x}")
        self.key, self.asc = key, asc


class Disk:
    """The LUN: SCSI commands in, data out."""

    def __init__(self, settings, path, number=0):
        self.set = settings
        self.number = number      # of the LUN, from 0
        if path is not None:
            self.fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            settings["blocks"] = (os.fstat(self.fd).st_size
                                  // settings["block-size"])

    @functools.cached_property
    def fd(self):
        """In memory, and only if it is used."""
        fd = os.memfd_create("disk")
        os.truncate(fd, self.size())
        return fd

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

    def check_length(self, blocks):
        if 0 < self.set["too-long"] < blocks:
            raise Check(5, 0x2400)

    def granules(self, lba, blocks):
        g = self.set["granularity"]
        first = -(-lba // g) * g
        return first, max((lba + blocks) // g * g - first, 0)

    def serial(self):
        more = f"-{self.number}" if self.number else ""
        return (self.set["serial"] + more).encode()

    def inquiry(self, cdb):
        if not cdb[1] & 1:
            return (struct.pack(">BBBBBBBB", 0, 0, 6, 2, 31, 0, 0, 2)
                    + f"{self.set['vendor']:8.8}{self.set['product']:16.16}"
                      "1.00".encode())
        page, s = cdb[2], self.set
        if page == 0x00:
            data = bytes([0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2])
        elif page == 0x80:
            data = self.serial()
        elif page == 0x83:
            t10 = f"{s['vendor']:8.8}".encode() + self.serial()
            naa = bytes.fromhex(s["naa"])
            naa = (int.from_bytes(naa, "big") + self.number).to_bytes(
                len(naa), "big")
            data = (struct.pack(">BBBB", 2, 1, 0, len(t10)) + t10
                    + struct.pack(">BBBB", 1, 3, 0, len(naa)) + naa)
        elif page == 0xb0:
            data = struct.pack(">BBHIIIIIIIQ", 0, 0, 0, s["max-transfer"], 0,
                               0, s["max-unmap"], 0xffffffff,
                               s["granularity"], 0, 0)
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
            self.check_length(blocks)
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
            self.check_length(blocks)
            if self.set["narrow"]:
                blocks = blocks & 0xffff or self.set["blocks"] - lba
            if cdb[1] & 0x08 and self.set["granularity"]:
                lba, blocks = self.granules(lba, blocks)
            self.zero(lba, blocks, data[:self.set["block-size"]])
        elif op == "unmap":
            self.unmap(data)
        elif op == "lbastatus":
            _, length = self.span(lba, 1)
            n = min(self.set["blocks"] - lba, self.set["extent"])
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
