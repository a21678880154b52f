# SPDX-License-Identifier: BSD-3-Clause

"""The target port groups of the scripted target (SPC-5 5.18, 6.34, 6.45):
which there are, in what state each is for each LUN, and what that does to
commands.

Portal N is the port with the relative target port N, in group N.
"""

import struct

from scripted_disk import Check, name_of

STATES = {"optimized": 0, "nonoptimized": 1, "standby": 2, "unavailable": 3,
          "offline": 14, "transitioning": 15}
SENSE = {2: 0x040b, 3: 0x040c, 14: 0x0412, 15: 0x040a}

# What is answered in standby, and in transition (SPC-5 5.18.2.4.4).
ALWAYS = {"inquiry", "vpd", "luns", "sense", "groups", "setgroups",
          "modesense"}

IMPLICIT, EXPLICIT = 1, 2       # of TPGS
CHANGED = 0x2a06


class PortGroups:
    def __init__(self, settings, ports):
        self.set = settings
        self.ports = ports
        self.states = {}          # by LUN and group; optimized otherwise

    def state(self, lun, group):
        return self.states.get((lun, group), 0)

    def check(self, cdb, lun, group):
        """May the command be carried out?"""
        sense = SENSE.get(self.state(lun, group))
        if self.set["tpgs"] and sense and name_of(cdb) not in ALWAYS:
            raise Check(2, sense)

    def change(self, lun, states):
        """Of a LUN; ‘states’ by group."""
        for group, state in states.items():
            self.states[lun, group] = state

    # Parameter data.

    def describe(self, cdb, data, group):
        """What INQUIRY says, with what there is to say of the groups."""
        tpgs = self.set["tpgs"]
        if not tpgs:
            return data
        data = bytearray(data)
        if not cdb[1] & 1:
            data[5] |= tpgs << 4
        elif cdb[2] == 0x83:
            for kind in (4, 5):   # relative target port, its group
                data += struct.pack(">BBBBHH", 1, 0x10 | kind, 0, 4, 0, group)
            struct.pack_into(">H", data, 2, len(data) - 4)
        return bytes(data)

    def report(self, cdb, lun):
        if not self.set["tpgs"]:
            raise Check(5, 0x2000)
        extended = cdb[1] & 0xe0
        if extended and not self.set["extended"]:
            raise Check(5, 0x2400)
        groups = b""
        for group in range(1, self.ports + 1):
            preferred = 0x80 if self.set["preferred"] == group else 0
            groups += struct.pack(">BBHBBBB", preferred
                                  | self.state(lun, group), 0xcf, group, 0, 0,
                                  0, 1) + struct.pack(">HH", 0, group)
        header = (struct.pack(">BBH", 0x10, self.set["transition-s"], 0)
                  if extended else b"")
        return (struct.pack(">I", len(header + groups)) + header
                + groups)[:struct.unpack_from(">I", cdb, 6)[0]]

    def obey(self, data):
        """SET TARGET PORT GROUPS: the states that it asks for.  What was
        active and is not named goes to standby.
        """
        if not self.set["tpgs"] & EXPLICIT:
            raise Check(5, 0x2000)
        states = {group: STATES["standby"]
                  for group in range(1, self.ports + 1)}
        for at in range(4, len(data) - 3, 4):
            state, group = struct.unpack_from(">BxH", data, at)
            if group not in states:
                raise Check(5, 0x2600)
            states[group] = state & 15
        return states


def parse_change(text):
    """"[ms=N] [lun=N] GROUP:STATE..."; returns these three, the states by
    group.
    """
    options, states = {"ms": 0, "lun": None}, {}
    for word in text.split():
        key, sep, value = word.partition("=")
        if sep:
            if key not in options:
                raise ValueError(f"{key} is not known")
            options[key] = int(value)
        else:
            group, _, state = word.partition(":")
            states[int(group)] = STATES[state]
    return options["ms"], options["lun"], states
