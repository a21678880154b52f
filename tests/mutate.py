#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause

"""Sessions with a target that lies (scripted_mutations.py):

  mutate.py [--first N] [--count N] [--per-server N] [--jobs N] [--keep]
            [--leaks]

Each number is the seed of one session: how the target lies from now on, and a
client that reads and writes until it has seen enough or is refused.  One server
and one target live through many of them.  What went wrong is told as "sessions
N to M": the server was started for N, and

  mutate.py --first N --count M-N+1

does the same again, as far as the threads of the server let it.  What must hold
is in ‘class Verdict’.  Exits with 0 if it did.  With --leaks a server that was
built with AddressSanitizer looks for leaks at its end, however long that takes.
"""

import argparse
import asyncio
import collections
import concurrent.futures
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
SESSION_SECONDS = 6

# A request may be held for recovery-timeout, be issued three times, and be
# tried again for timeout; then the machine may be busy.
LONGEST = 45
PARAMETERS = ["timeout=1", "login-timeout=2", "recovery-timeout=2",
              "noop-interval=1", "noop-timeout=1", "sessions=1",
              "user=user"]
PIECE = 16                      # what is shorter may be found by chance
MOST_MEMORY = 600 << 10         # KiB, with the shadow of a sanitizer


def iqn_of(seed):
    return f"iqn.2001-04.com.example:lies-{seed}"


def load_target():
    spec = importlib.util.spec_from_file_location(
        "scripted_target", os.path.join(HERE, "scripted-target.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TARGET = load_target()


class LyingTarget(TARGET.Target):
    connection = MutatingConnection

    def __init__(self, path):
        args = argparse.Namespace(iqn=iqn_of(0), port=0, file=path, rule=[])
        super().__init__(args, dict(TARGET.SETTINGS))
        self.seeds = []

    def begin(self, seed):
        """From now on it lies as this one says."""
        rng = random.Random(seed)
        self.set["nop-interval"] = rng.choice((0, 0, 200))
        self.set["initial-r2t"] = rng.randrange(2)
        self.set["immediate-data"] = rng.randrange(2)
        self.set["data-in"] = rng.choice((512, 8192, 262144))
        self.set["max-burst"] = rng.choice((4096, 262144))
        self.set["thin"] = rng.randrange(2)
        self.seeds.append(seed)
        self.seed = seed
        self.rate = rng.choice((0.01, 0.05, 0.2))
        self.spared = rng.choice((0, 10, 40, 80, 120))
        self.nr_connections = self.nr_pdus = self.lies = 0
        self.sent = []            # all of it, byte for byte
        self.written = []         # (LBA, data) that were carried out

    def names(self):
        return [self.iqn] + [iqn_of(seed) for seed in self.seeds]

    def told(self):
        return self.names()[-2:]

    def evaluate(self, task):
        if name_of(task.cdb) == "write":
            lba = struct.unpack_from(
                ">Q" if task.cdb[0] & 0xe0 == 0x80 else ">I", task.cdb, 2)[0]
            self.written.append((lba, bytes(task.data)))
        return super().evaluate(task)


class Verdict:
    """What was wrong in one session."""

    def __init__(self):
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
        self.require(n < PIECE,
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
            os.rename(path, os.path.join(directory, "..", "told."
                                         + os.path.basename(path)))
            if text:
                self.wrong.append(f"a sanitizer's report in {owner(text)}:\n"
                                  + text)

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

    def __init__(self, seed, target, verdict, path, name):
        self.rng = random.Random(f"client/{seed}")
        self.target, self.verdict = target, verdict
        self.path, self.name = path, name.encode()
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

    def connected(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(LONGEST)
        s.connect(self.path)
        return s

    def run(self):
        until = time.monotonic() + SESSION_SECONDS
        rounds = self.rng.choice((5, 20, 60))
        if self.rng.random() < 0.1:
            with self.connected() as s:
                self.verdict.counts["lists"] += nbd.list_exports(s) == 1
        with self.connected() as s:
            if nbd.handshake(s, self.name) != 1:
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


class Server:
    """A server and its target, for the session ‘first’ and those after it."""

    def __init__(self, first, leaks):
        self.first = first
        self.leaks = "1" if leaks else "0"
        self.longest_end = 600 if leaks else LONGEST
        # Half of them have one LUN, which stays open; of the others each
        # session opens another target's.
        self.one_lun = random.Random(f"server/{first}").random() < 0.5
        self.tmp = tempfile.mkdtemp(prefix="mutate.")
        os.mkdir(f"{self.tmp}/reports")
        with open(f"{self.tmp}/disk", "wb") as f:
            f.write(random.Random(f"disk/{first}").randbytes(SIZE))
        with open(f"{self.tmp}/secret", "w") as f:
            f.write(SECRET + "\n")
        self.log = open(f"{self.tmp}/log", "a+", errors="replace")
        self.target = LyingTarget(f"{self.tmp}/disk")
        self.process = None

    async def start(self):
        target = self.target
        self.listener = await asyncio.start_server(
            target.accept, "127.0.0.1", 0, limit=1 << 21)
        target.port = self.listener.sockets[0].getsockname()[1]
        target.ports.append(target.port)
        url = f"iscsi://127.0.0.1:{target.port}/"
        if self.one_lun:
            url += f"{target.iqn}/1"
        self.process = await asyncio.create_subprocess_exec(
            os.path.join(os.environ["abs_top_builddir"], "nbdkit"), "-f", "-v",
            "-U", f"{self.tmp}/sock", "-P", f"{self.tmp}/pid", "iscsi", url,
            *PARAMETERS, f"password=+{self.tmp}/secret",
            stdin=asyncio.subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            start_new_session=True,     # Ctrl-C is not for it
            env={**os.environ, "SANITIZER_REPORTS": f"{self.tmp}/reports",
                 "ASAN_OPTIONS": f"detect_leaks={self.leaks}"})
        for _ in range(LONGEST * 10):
            if self.is_over() or os.path.exists(f"{self.tmp}/pid"):
                return
            await asyncio.sleep(0.1)
        await self.ended()

    def is_over(self):
        return self.process is not None and self.process.returncode is not None

    async def ended(self):
        """Wait for its end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), self.longest_end)
        return self.is_over()

    async def session(self, seed, verdict):
        os.write(self.log.fileno(), f"=== session {seed}\n".encode())
        self.target.begin(seed)
        if self.process is None:
            await self.start()
        elif self.one_lun:
            for conn in self.target.connections:
                if not conn.writer.is_closing():
                    conn.end(seed % 2 == 0)
        if not self.is_over():
            await self.serve_client(seed, verdict)
        if self.is_over():
            # One that cannot open its LUN ends, with a sentence.
            verdict.counts["gave up"] += 1
            verdict.require(self.process.returncode == 1, "the server ended "
                            f"with {self.process.returncode}")
        else:
            peak = memory(self.process.pid)
            verdict.require(peak < MOST_MEMORY, f"it grew to {peak} KiB")
        verdict.judge_reports(f"{self.tmp}/reports")

    async def serve_client(self, seed, verdict):
        name = "" if self.one_lun else f"{iqn_of(seed)}/1"
        client = Client(seed, self.target, verdict, f"{self.tmp}/sock", name)
        try:
            await asyncio.to_thread(client.run)
        except (TimeoutError, EOFError, ConnectionError,
                FileNotFoundError) as e:
            verdict.require(await self.ended(), "the server hung up, or took "
                            f"{LONGEST} s: {e!r}")

    async def end(self, verdict):
        if not self.is_over():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGTERM)
            if await self.ended():
                verdict.require(self.process.returncode in (0, 1), "at its "
                                f"end it had {self.process.returncode}")
            else:
                verdict.wrong.append("it did not end on SIGTERM")
                self.process.kill()
                await self.process.wait()
        self.listener.close()
        self.log.seek(0)
        verdict.require(SECRET not in self.log.read(),
                        "the password was printed")
        verdict.judge_reports(f"{self.tmp}/reports")
        counters = self.target.counters
        verdict.counts["mutated PDUs"] = sum(
            counters.get(m.__name__, 0) for m in MUTATIONS)
        verdict.counts["iSCSI sessions"] = counters.get("full feature", 0)
        verdict.counts["servers"] = 1

    def clean(self, keep):
        self.log.close()
        os.close(self.target.disk.fd)
        if not keep:
            shutil.rmtree(self.tmp)


class Run:
    """Of all of them."""

    def __init__(self, keep, leaks):
        self.keep, self.leaks = keep, leaks
        self.counts = collections.Counter()
        self.done = self.failed = 0
        self.stopped = False

    def tell(self, server, seed, verdict):
        for sentence in verdict.wrong:
            print(f"sessions {server.first} to {seed}: {sentence}"
                  + (f" [{server.tmp}]" if self.keep else ""), flush=True)
        self.counts.update(verdict.counts)
        self.failed += bool(verdict.wrong)
        return bool(verdict.wrong)

    async def one_server(self, seeds):
        """Returns those that it did not live to see."""
        server, wrong = Server(seeds[0], self.leaks), False
        while seeds and not self.stopped and not server.is_over():
            verdict = Verdict()
            await server.session(seeds[0], verdict)
            wrong |= self.tell(server, seeds[0], verdict)
            self.done += 1
            last, *seeds = seeds
        verdict = Verdict()
        await server.end(verdict)
        wrong |= self.tell(server, last, verdict)
        server.clean(self.keep and wrong)
        return seeds

    async def work(self, groups):
        for seeds in groups:
            while seeds and not self.stopped:
                seeds = await self.one_server(seeds)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--per-server", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--leaks", action="store_true")
    args = parser.parse_args()

    # What is written to a connection that the server has ended.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    loop = asyncio.get_running_loop()
    loop.set_default_executor(
        concurrent.futures.ThreadPoolExecutor(args.jobs))
    run = Run(args.keep, args.leaks)

    # Those that have begun are still judged.
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, setattr, run, "stopped", True)

    n, end = args.per_server, args.first + args.count
    groups = iter([list(range(at, min(at + n, end)))
                   for at in range(args.first, end, n)])
    await asyncio.gather(*(run.work(groups) for _ in range(args.jobs)))
    print(f"{run.done} sessions of clients, {run.failed} failed:",
          ", ".join(f"{n} {what}" for what, n in sorted(run.counts.items())))
    return run.failed == 0


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main()) else 1)
