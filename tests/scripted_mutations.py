# SPDX-License-Identifier: BSD-3-Clause

"""The scripted target as an attacker: what it sends is changed on its way,
left out, sent twice, or has something put before it.  All that chance
decides comes from one seed.
"""

import random
import struct

from scripted_iscsi import NO_TAG, Connection

SCSI_RESPONSE, DATA_IN, R2T = 0x21, 0x25, 0x31
OPCODES = (0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x31, 0x32, 0x3f)

# Numbers on which arithmetic fails.
EDGES = (0, 1, 2, 3, 4, 7, 511, 512, 513, 8192, 65535, 65536, 0xffffff,
         0x1000000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff)

# Fields of 32 bits in the header: tags, numbers, offsets, lengths.
FIELDS = (16, 20, 24, 28, 32, 36, 40, 44)


class MutatingConnection(Connection):
    def __init__(self, target, reader, writer):
        super().__init__(target, reader, writer)
        target.nr_connections += 1
        self.rng = random.Random(f"{target.seed}/{target.nr_connections}")
        self.recent = []          # tags that were used, finished ones too

    async def serve(self):
        self.target.count("full feature")
        await super().serve()

    async def receive(self):
        bhs, data = await super().receive()
        self.recent = self.recent[-15:] + [bhs[16:20]]
        return bhs, data

    def put(self, bhs, data):
        target = self.target
        target.nr_pdus += 1
        if target.nr_pdus <= target.spared or (
                self.rng.random() >= target.rate):
            self.raw(bhs + data)
            return
        mutation = self.rng.choice(MUTATIONS)
        target.count(mutation.__name__)
        if mutation not in HARMLESS:
            target.lies += 1
        mutation(self, bytearray(bhs), data)

    def raw(self, sent):
        if not self.writer.is_closing():
            self.target.sent.append(sent)
            self.writer.write(sent)

    # What chance puts in.

    def number(self, now):
        return self.rng.choice((
            self.rng.choice(EDGES), self.rng.getrandbits(32), now + 1,
            now - 1, now ^ 1 << self.rng.randrange(32))) & 0xffffffff

    def some_bytes(self):
        return self.rng.randbytes(self.rng.choice((0, 1, 2, 3, 4, 18, 20, 96,
                                                   252, 1024, 8192)))


def with_length(bhs, data):
    bhs[5:8] = len(data).to_bytes(3, "big")
    return bytes(bhs) + data + bytes(-len(data) % 4)


def field(conn, bhs, data):
    at = conn.rng.choice(FIELDS)
    now = struct.unpack_from(">I", bhs, at)[0]
    struct.pack_into(">I", bhs, at, conn.number(now))
    conn.raw(bytes(bhs) + data)


def tag(conn, bhs, data):
    """That of another command, which may be over."""
    bhs[16:20] = conn.rng.choice(conn.recent or [bytes(4)])
    conn.raw(bytes(bhs) + data)


def opcode(conn, bhs, data):
    bhs[0] = conn.rng.choice(OPCODES)
    conn.raw(bytes(bhs) + data)


def bit(conn, bhs, data):
    at = conn.rng.randrange(48)
    bhs[at] ^= 1 << conn.rng.randrange(8)
    conn.raw(bytes(bhs) + data)


def flags(conn, bhs, data):
    bhs[conn.rng.choice((1, 2, 3))] = conn.rng.getrandbits(8)
    conn.raw(bytes(bhs) + data)


def length(conn, bhs, data):
    """Of the data, not as many as there are."""
    bhs[5:8] = (conn.number(len(data)) & 0xffffff).to_bytes(3, "big")
    conn.raw(bytes(bhs) + data)


def ahs(conn, bhs, data):
    """Additional headers, which may be there."""
    bhs[4] = conn.rng.choice((1, 2, 255))
    extra = bytes(4 * bhs[4]) if conn.rng.random() < 0.5 else b""
    conn.raw(bytes(bhs) + extra + data)


def cut(conn, bhs, data):
    """The data, with a length that is right."""
    data = data[:conn.rng.randrange(len(data) + 1)]
    conn.raw(with_length(bhs, data))


def more(conn, bhs, data):
    conn.raw(with_length(bhs, data + conn.some_bytes()))


def sense(conn, bhs, _data):
    """CHECK CONDITION with sense data of any length and kind."""
    bhs[0], bhs[1], bhs[2], bhs[3] = SCSI_RESPONSE, 0x80, 0, 2
    data = conn.some_bytes()
    if conn.rng.random() < 0.5:
        data = bytes([conn.rng.choice((0x70, 0x72)), 0,
                      conn.rng.randrange(16)]) + data
    told = conn.rng.choice((len(data), 0, 18, 65535))
    conn.raw(with_length(bhs, struct.pack(">H", told) + data))


def status(conn, bhs, data):
    """Busy, a reservation conflict...: before the data, too."""
    bhs[0], bhs[1], bhs[2] = SCSI_RESPONSE, 0x80, 0
    bhs[3] = conn.rng.choice((0, 2, 4, 8, 0x18, 0x28, 0x30, 0x40, 0xff))
    conn.raw(with_length(bhs, b""))


def twice(conn, bhs, data):
    for _ in range(conn.rng.choice((2, 2, 3, 50))):
        conn.raw(bytes(bhs) + data)


def never(_conn, _bhs, _data):
    pass


def hole(conn, bhs, data):
    """Part of the data in a PDU of its own, and another part nowhere."""
    if bhs[0] & 0x3f != DATA_IN or len(data) < 1024:
        conn.raw(bytes(bhs) + data)
        return
    at = struct.unpack_from(">I", bhs, 40)[0]
    start = conn.rng.randrange(len(data) // 512) * 512
    end = min(start + 512 * conn.rng.choice((1, 8, 16, 64)), len(data))
    for part, offset, last in ((data[:start], at, False),
                               (data[end:], at + end, True)):
        pdu = bytearray(bhs)
        if not last:
            pdu[1], pdu[3] = 0, 0
        struct.pack_into(">I", pdu, 40, offset)
        if part or last:
            conn.raw(with_length(pdu, part))


def empty_data(conn, bhs, data):
    """Data-In without data, often."""
    pdu = struct.pack(">BBHI8s4sI", DATA_IN, 0, 0, 0, bytes(8), bhs[16:20],
                      NO_TAG) + bytes(28)
    for _ in range(conn.rng.choice((1, 10, 2000))):
        conn.raw(pdu)
    conn.raw(bytes(bhs) + data)


def r2t(conn, bhs, data):
    """Asks for data of any command."""
    itt = conn.rng.choice(conn.recent or [bytes(4)])
    conn.raw(struct.pack(">BBHI8s4sI", R2T, 0x80, 0, 0, bytes(8), itt,
                         conn.rng.getrandbits(32)) + bytes(12)
             + struct.pack(">III", conn.rng.choice((0, 1, 0xffffffff)),
                           conn.number(0), conn.number(512)))
    conn.raw(bytes(bhs) + data)


def event(conn, bhs, data):
    """An asynchronous message, of any kind, some of them legal."""
    code = conn.rng.choice((0, 1, 2, 3, 4, 5, 255))
    for _ in range(conn.rng.choice((1, 1, 20))):
        conn.raw(with_length(bytearray(
            struct.pack(">BBHI8sII", 0x32, 0x80, 0, 0, bytes(8), NO_TAG, 0)
            + bytes(12) + struct.pack(">BBHHHI", code, 0, 1, 1, 1, 0)),
            conn.some_bytes() if code == 0 else b""))
    conn.raw(bytes(bhs) + data)


def ping(conn, bhs, data):
    """NOP-In that wants an answer, or is one."""
    itt = conn.rng.choice([NO_TAG.to_bytes(4, "big")] + conn.recent)
    ttt = conn.rng.choice((NO_TAG, conn.rng.getrandbits(32)))
    pdu = bytearray(struct.pack(">BBHI8s4sI", 0x20, 0x80, 0, 0, bytes(8), itt,
                                ttt) + bytes(24))
    for _ in range(conn.rng.choice((1, 3, 1000))):
        conn.raw(with_length(pdu, b""))
    conn.raw(bytes(bhs) + data)


def refusal(conn, bhs, data):
    """Reject, with the header of something."""
    conn.raw(with_length(bytearray(
        struct.pack(">BBBBI8sI", 0x3f, 0x80, conn.rng.randrange(16), 0, 0,
                    bytes(8), NO_TAG) + bytes(28)),
        conn.rng.choice((bytes(bhs), conn.some_bytes()))))
    conn.raw(bytes(bhs) + data)


def keys(conn, bhs, data):
    """Text of any size."""
    value = conn.rng.choice((b"", b"Yes", b"0", b"-1", b"99999999999", b"A",
                             b"CRC32C,None", b"x" * 300, b"=" * 9000))
    key = conn.rng.choice((b"MaxRecvDataSegmentLength", b"MaxBurstLength",
                           b"FirstBurstLength", b"InitialR2T", b"CHAP_A",
                           b"HeaderDigest", b"TargetAddress", b"X" * 5000,
                           b"InitiatorRecvDataSegmentLength", b""))
    end = conn.rng.choice((b"\0", b""))
    conn.raw(with_length(bhs, data + key + b"=" + value + end))


def trickle(conn, bhs, data):
    """Byte by byte: TCP may do so."""
    conn.cork(0)
    whole = bytes(bhs) + data
    for at in range(min(len(whole), 200)):
        conn.raw(whole[at:at + 1])
    conn.raw(whole[200:])


def garbage(conn, _bhs, _data):
    conn.raw(conn.rng.randbytes(conn.rng.choice((1, 47, 48, 5000))))


def end(conn, bhs, data):
    """In the middle of it, or after it."""
    whole = bytes(bhs) + data
    conn.raw(whole[:conn.rng.choice((len(whole),
                                     conn.rng.randrange(len(whole))))])
    conn.end(conn.rng.random() < 0.5)


MUTATIONS = (field, field, field, tag, tag, opcode, bit, flags, length, ahs,
             cut, more, sense, status, twice, never, hole, empty_data, r2t,
             event, ping, refusal, keys, trickle, garbage, end)

# After these what was acknowledged was done.
HARMLESS = (event, never, hole, empty_data, refusal, trickle, cut, more)
