#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause

"""How many requests a second does an NBD server serve, moment by moment?

pulse.py NAME URI START SECONDS

Asks for 4 KiB 200 times a second, as long as fewer than 16 requests are in
flight, from START (seconds since the epoch) on, and prints a line for each
quarter of a second: NAME, seconds since START, requests served a second,
requests that failed a second.  A connection that is lost is made again.
"""

import sys
import time

import nbd

RATE = 200
DEPTH = 16
SLICE = 0.25
SIZE = 4096


class Pulse:
    def __init__(self, uri):
        self.uri = uri
        self.handle = None
        self.in_flight = self.served = self.failed = self.asked = 0

    def connect(self):
        self.handle = nbd.NBD()
        self.in_flight = 0
        self.handle.connect_uri(self.uri)
        self.blocks = self.handle.get_size() // SIZE

    def done(self, error):
        self.in_flight -= 1
        if int(getattr(error, "value", error)) == 0:
            self.served += 1
        else:
            self.failed += 1
        return 1                # forget the request

    def ask(self):
        offset = self.asked * 7919 % self.blocks * SIZE
        self.handle.aio_pread(nbd.Buffer(SIZE), offset, self.done)
        self.asked += 1
        self.in_flight += 1

    def turn(self, due):
        """Ask for what is due, and wait a little for answers."""
        try:
            if self.handle is None:
                self.connect()
            while due > 0 and self.in_flight < DEPTH:
                self.ask()
                due -= 1
            self.handle.poll(4)
        except nbd.Error:
            self.failed += self.in_flight + 1
            self.handle = None
            time.sleep(SLICE)


def main():
    name, uri, start, seconds = sys.argv[1:]
    start, seconds = float(start), float(seconds)
    pulse = Pulse(uri)
    pulse.connect()
    time.sleep(max(0, start - time.time()))
    last = start
    for i in range(int(seconds / SLICE)):
        served, failed = pulse.served, pulse.failed
        while time.time() < start + (i + 1) * SLICE:
            now = time.time()
            due = int((now - start) * RATE) - int((last - start) * RATE)
            last = now
            pulse.turn(due)
        print(f"{name}\t{i * SLICE:.2f}\t{(pulse.served - served) / SLICE:.0f}"
              f"\t{(pulse.failed - failed) / SLICE:.0f}", flush=True)


main()
