#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause

"""Whole sessions against a target that lies (scripted_mutations.py):

  mutate.py [--first SEED] [--count N] [--jobs N] [--holes BYTES] [--keep]

Each seed makes one session: a server, a target, and a client that reads and
writes until it has seen enough or is refused.  The same seed makes the same
session, as far as the threads of the server let it.  What must hold is in
‘class Verdict’; of a read so many bytes in a row may be missing that were
never sent (ARCHITECTURE.md, "What is not believed").  Exits with 0 if it did.
"""

import argparse
import asyncio
import collections
import contextlib
import glob
import importlib.util
import logging
import os
import random
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time

import hostile_client as nbd
from scripted_disk import name_of
from scripted_mutations import MUTATIONS, MutatingConnection

HERE = os.path.dirname(os.path.abspath(__file__))
SIZE = 2 << 20
SLOT = 128 << 10                # requests in flight do not overlap
SECRET = "correct-horse-battery"
SESSION_SECONDS = 12

# A request may be held for recovery-timeout, be issued three times, and be
# tried again for timeout; then the machine may be busy.
LONGEST = 45
PARAMETERS = ["timeout=1", "login-timeout=2", "recovery-timeout=2",
              "noop-interval=1", "noop-timeout=1", "sessions=1",
              "user=user"]
# Of bytes that came in PDUs of a few bytes each.
PIECE, CHANCE = 16, 64
MOST_MEMORY = 600 << 10         # KiB, with the shadow of a sanitizer


def load_target():
    spec = importlib.util.spec_from_file_location(
        "scripted_target", os.path.join(HERE, "scripted-target.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TARGET = load_target()


class LyingTarget(TARGET.Target):
    connection = MutatingConnection

    def __init__(self, seed, path):
        rng = random.Random(seed)
        settings = dict(TARGET.SETTINGS)
        settings["nop-interval"] = rng.choice((0, 0, 200))
        settings["initial-r2t"] = rng.randrange(2)
        settings["immediate-data"] = rng.randrange(2)
        settings["data-in"] = rng.choice((512, 8192, 262144))
        settings["max-burst"] = rng.choice((4096, 262144))
        settings["thin"] = rng.randrange(2)
        args = argparse.Namespace(
            iqn="iqn.2001-04.com.example:lies", port=0, file=path, rule=[])
        super().__init__(args, settings)
        self.seed = seed
        self.rate = rng.choice((0.01, 0.05, 0.2))
        self.spared = rng.choice((0, 10, 40, 80, 120))
        self.nr_connections = self.nr_pdus = self.lies = 0
        self.sent = []            # all of it, byte for byte
        self.written = []         # (LBA, data) that were carried out

    def evaluate(self, task):
        if name_of(task.cdb) == "write":
            lba = struct.unpack_from(
                ">Q" if task.cdb[0] & 0xe0 == 0x80 else ">I", task.cdb, 2)[0]
            self.written.append((lba, bytes(task.data)))
        return super().evaluate(task)


class Verdict:
    """What was wrong in one session."""

    def __init__(self, holes):
        self.holes = holes
        self.wrong = []
        self.counts = collections.Counter()

    def require(self, holds, sentence):
        if not holds:
            self.wrong.append(sentence)

    def judge_read(self, target, offset, got, mark):
        """Every byte was sent, while the request was under way."""
        if got == os.pread(target.disk.fd, len(got), offset):
            self.counts["good reads"] += 1
            return
        self.counts["odd reads"] += 1
        n = unsent(got, b"".join(target.sent[mark:]))
        self.require(n <= max(self.holes, CHANCE),
                     f"read of {len(got)} at {offset}: {n} bytes in a row "
                     "were never sent")

    def judge_write(self, target, offset, data, mark):
        """It is on the disk, unless the target lied about anything."""
        lies, written = mark
        if any(lba * 512 == offset and d == data
               for lba, d in target.written[written:]):
            self.counts["good writes"] += 1
        else:
            self.counts["odd writes"] += 1
            self.require(target.lies > lies or offset % 512
                         or len(data) % 512 or len(data) > 65536,
                         f"write of {len(data)} at {offset} is not there")

    def judge_reports(self, directory):
        for path in glob.glob(os.path.join(directory, "*")):
            with open(path, errors="replace") as f:
                text = without_other_leaks(f.read())
            if text:
                self.wrong.append(f"a sanitizer's report in {owner(text)}:\n"
                                  + text)

    def judge_end(self, status, seconds):
        self.require(status in (0, 1), f"the server ended with {status}")
        self.require(seconds < LONGEST, f"its end took {seconds:.0f} s")


def unsent(got, sent):
    """The longest run of bytes that are no piece of what was sent; what is
    shorter than PIECE may be one by chance."""
    at = run = longest = 0
    while at < len(got):
        low, high = 0, len(got) - at
        while low < high:         # the longest piece
            middle = (low + high + 1) // 2
            if got[at:at + middle] in sent:
                low = middle
            else:
                high = middle - 1
        run = 0 if low >= PIECE else run + max(low, 1)
        longest, at = max(longest, run), at + max(low, 1)
    return longest


def without_other_leaks(report):
    """Those that neither the plugin nor libiscsi had a hand in are nbdkit's:
    it ends without waiting for all of its threads (run-test)."""
    if "ERROR: LeakSanitizer" not in report:
        return report.strip()
    return "\n\n".join(leak for leak in report.split("\n\n")
                       if " leak of " in leak and ("/plugin/" in leak
                       or "nbdkit-iscsi-plugin" in leak or "libiscsi" in leak))


def owner(report):
    """Whose code is the first in it that is not the C library's?"""
    for line in report.splitlines():
        if line.strip().startswith("#"):
            if "/plugin/" in line or "nbdkit-iscsi-plugin" in line:
                return "the plugin"
            if "libiscsi" in line:
                return "libiscsi"
    return "nbdkit or elsewhere"


class Client:
    """On a thread of its own."""

    def __init__(self, seed, target, verdict, path):
        self.rng = random.Random(f"client/{seed}")
        self.target, self.verdict, self.path = target, verdict, path
        self.handle = 0

    def plan(self, slot):
        """(command, offset, length, data)"""
        length = self.rng.choice((512, 4096, 65536, 100, 1 << 17))
        offset = slot * SLOT
        if length < SLOT:
            offset += self.rng.randrange((SLOT - length) // 512 + 1) * 512
        kind = self.rng.random()
        if kind < 0.55:
            return nbd.READ, offset, length, b""
        if kind < 0.9:
            return nbd.WRITE, offset, length, self.rng.randbytes(length)
        return self.rng.choice(((nbd.FLUSH, 0, 0, b""),
                                (nbd.CACHE, offset, length, b"")))

    def round(self, s):
        """Some requests at a time; waits for all of them."""
        n = self.rng.choice((1, 1, 2, 8))
        pending = {}
        for slot in self.rng.sample(range(SIZE // SLOT), n):
            self.handle += 1
            plan = self.plan(slot)
            t = self.target
            pending[self.handle] = plan, len(t.sent), (t.lies, len(t.written))
            s.sendall(nbd.request(plan[0], self.handle, *plan[1:]))
        while pending:
            self.finish(s, pending)

    def finish(self, s, pending):
        _, error, handle = struct.unpack(">IIQ", nbd.receive(s, 16))
        (command, offset, length, data), sent, writes = pending.pop(handle)
        if error:
            self.verdict.counts["errors"] += 1
            return
        if command == nbd.READ:
            self.verdict.judge_read(self.target, offset,
                                    nbd.receive(s, length), sent)
        elif command == nbd.WRITE:
            self.verdict.judge_write(self.target, offset, data, writes)

    def run(self):
        until = time.monotonic() + SESSION_SECONDS
        rounds = self.rng.choice((5, 20, 60))
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(LONGEST)
            s.connect(self.path)
            if nbd.handshake(s) != 1:
                self.verdict.counts["refused"] += 1
                return
            self.verdict.counts["opened"] += 1
            while rounds > 0 and time.monotonic() < until:
                self.round(s)
                rounds -= 1


def memory(pid):
    try:
        for line in open(f"/proc/{pid}/status"):
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


async def started(process, path):
    for _ in range(LONGEST * 10):
        if process.returncode is not None or os.path.exists(path):
            break
        await asyncio.sleep(0.1)
    return process.returncode is None and os.path.exists(path)


async def serve_one(seed, target, verdict, tmp):
    server = await asyncio.start_server(target.accept, "127.0.0.1", 0,
                                        limit=1 << 21)
    target.port = server.sockets[0].getsockname()[1]
    target.ports.append(target.port)
    log = open(f"{tmp}/log", "w+")
    process = await asyncio.create_subprocess_exec(
        os.path.join(os.environ["abs_top_builddir"], "nbdkit"), "-f", "-v",
        "-U", f"{tmp}/sock", "-P", f"{tmp}/pid", "iscsi",
        f"iscsi://127.0.0.1:{target.port}/{target.iqn}/1", *PARAMETERS,
        f"password=+{tmp}/secret",
        stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
        start_new_session=True,         # Ctrl-C is not for it
        env={**os.environ, "SANITIZER_REPORTS": f"{tmp}/reports"})
    try:
        if await started(process, f"{tmp}/pid"):
            client = Client(seed, target, verdict, f"{tmp}/sock")
            try:
                await asyncio.to_thread(client.run)
            except TimeoutError:
                verdict.wrong.append(f"a request took {LONGEST} s")
            except (EOFError, ConnectionError) as e:
                await judge_hang_up(process, verdict, e)
        peak = memory(process.pid)
        verdict.require(peak < MOST_MEMORY, f"it grew to {peak} KiB")
        await end_server(process, verdict)
    finally:
        server.close()
        if process.returncode is None:
            process.kill()
            await process.wait()
        log.seek(0)
        verdict.require(SECRET not in log.read(), "the password was printed")
        log.close()


async def judge_hang_up(process, verdict, reason):
    """A server that cannot open its LUN ends, with a sentence."""
    try:
        await asyncio.wait_for(process.wait(), LONGEST)
    except TimeoutError:
        pass
    verdict.counts["gave up"] += 1
    verdict.require(process.returncode == 1,
                    f"the server hung up: {reason!r}")


async def end_server(process, verdict):
    before = time.monotonic()
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), LONGEST)
        except TimeoutError:
            verdict.wrong.append("it did not end on SIGTERM")
            process.kill()
            await process.wait()
            return
    verdict.judge_end(process.returncode, time.monotonic() - before)


async def session(seed, holes, keep):
    verdict = Verdict(holes)
    tmp = tempfile.mkdtemp(prefix="mutate.")
    os.mkdir(f"{tmp}/reports")
    with open(f"{tmp}/disk", "wb") as f:
        f.write(random.Random(f"disk/{seed}").randbytes(SIZE))
    with open(f"{tmp}/secret", "w") as f:
        f.write(SECRET + "\n")
    target = LyingTarget(seed, f"{tmp}/disk")
    try:
        await serve_one(seed, target, verdict, tmp)
        verdict.judge_reports(f"{tmp}/reports")
        verdict.counts["mutated PDUs"] = sum(
            target.counters.get(m.__name__, 0) for m in MUTATIONS)
        verdict.counts["logins"] = target.counters.get("logins", 0)
    finally:
        os.close(target.disk.fd)
        if not (keep and verdict.wrong):
            shutil.rmtree(tmp)
    for sentence in verdict.wrong:
        print(f"seed {seed}: {sentence}" + (f" [{tmp}]" if keep else ""),
              flush=True)
    return verdict


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--holes", type=int, default=0)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()

    # What is written to a connection that the server has ended.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    seeds = iter(range(args.first, args.first + args.count))
    counts, done, failed, stopped = collections.Counter(), 0, 0, False

    # Those that have begun are still judged.
    def stop():
        nonlocal stopped
        stopped = True

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)

    async def work():
        nonlocal done, failed
        while not stopped and (seed := next(seeds, None)) is not None:
            verdict = await session(seed, args.holes, args.keep)
            counts.update(verdict.counts)
            done += 1
            failed += bool(verdict.wrong)

    await asyncio.gather(*(work() for _ in range(args.jobs)))
    print(f"{done} sessions, {failed} failed:",
          ", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
    return failed == 0


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main()) else 1)
