# SPDX-License-Identifier: BSD-3-Clause

"""CHAP of the scripted target (RFC 7143 section 12.1): one-way or mutual,
with any of the algorithms that IANA has.
"""

import hashlib
import os

ALGORITHMS = {"5": "md5", "6": "sha1", "7": "sha256", "8": "sha3_256"}


def response(algorithm, identifier, secret, challenge):
    """RFC 1994 section 4.1."""
    data = bytes([identifier]) + secret.encode() + challenge
    return hashlib.new(ALGORITHMS[algorithm], data).digest()


class Chap:
    """Of one login.  text: "7,5 USER SECRET [TARGET-USER TARGET-SECRET]"."""

    def __init__(self, text):
        algorithms, self.user, self.secret, *self.own = text.split()
        self.algorithms = algorithms.split(",")
        self.chosen = None
        self.identifier, self.challenge = 0x42, os.urandom(24)
        self.proved = False

    def answer(self, keys):
        """The keys that this stage goes on with; None: it is refused."""
        if self.chosen is None and "CHAP_A" in keys:
            return self.choose(keys["CHAP_A"].split(","))
        if "CHAP_R" in keys:
            return self.check(keys)
        if "AuthMethod" in keys:
            offered = keys["AuthMethod"].split(",")
            return ["AuthMethod=CHAP"] if "CHAP" in offered else None
        return None

    def choose(self, offered):
        for algorithm in offered:
            if algorithm in self.algorithms:
                self.chosen = algorithm
                return [f"CHAP_A={algorithm}", f"CHAP_I={self.identifier}",
                        f"CHAP_C=0x{self.challenge.hex()}"]
        return None

    def check(self, keys):
        expected = response(self.chosen, self.identifier, self.secret,
                            self.challenge)
        if (keys.get("CHAP_N") != self.user
                or bytes.fromhex(keys["CHAP_R"][2:]) != expected):
            return None
        self.proved = True
        if not self.own or "CHAP_C" not in keys:
            return []
        user, secret = self.own
        proof = response(self.chosen, int(keys["CHAP_I"]), secret,
                         bytes.fromhex(keys["CHAP_C"][2:]))
        return [f"CHAP_N={user}", f"CHAP_R=0x{proof.hex()}"]
