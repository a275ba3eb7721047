"""Runs programs one at a time, watches what else the machine does meanwhile, and sums up.

What is swept, compared and printed is in peers.py."""

import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

# A run counts as undisturbed if others took at most so many CPUs' worth of time while it lasted,
# and just before and after it two threads computed at least this share of the most they ever did.
TOLERATED = 0.1
QUIET = 0.7
REPEATS = 2
LIMIT_SECONDS = 120


@dataclasses.dataclass
class Run:
    """One command line with its settings; read turns its JSON and its cost into figures."""

    command: list
    environment: dict
    read: callable
    label: str = ""


@dataclasses.dataclass
class Outcome:
    figures: dict
    document: dict
    others: float  # CPUs' worth of time that others took; None where that is not to be known
    share: float = 1.0  # of the CPUs' speed that was ours before and after, the worse
    pingpong: float = 0.0  # between two threads before it, in ns

    def disturbed(self):
        return (self.others or 0.0) > TOLERATED or self.share < QUIET

    def merit(self):
        return self.share - (self.others or 0.0)


class Failed(Exception):
    pass


def cpu_times():
    """Seconds that all CPUs were busy since boot, or taken by the host; None off Linux."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            fields = [int(field) for field in file.readline().split()[1:9]]
    except OSError:
        return None
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


class Noise:
    """What noise.c says: how much of the CPUs is ours, against the most that was seen so far."""

    def __init__(self, program):
        self.program = program
        self.best = 0.0
        self.last = {}
        for _ in range(8):
            self.sample()

    def sample(self):
        """The share of the best speed of two threads together, at this moment."""
        output = subprocess.run([self.program], check=True, capture_output=True, text=True).stdout
        self.last = json.loads(output)
        self.best = max(self.best, self.last["two"])
        return self.last["two"] / self.best

    def wait_for_quiet(self, limit):
        """Until the CPUs are ours, or until limit seconds have passed: the share, then."""
        end = time.monotonic() + limit
        while True:
            share = self.sample()
            if share >= QUIET or time.monotonic() > end:
                return share
            time.sleep(0.3)


def run_once(run):
    """The figures of one run of a program, and how much else ran meanwhile."""
    environment = {**os.environ, **run.environment}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        before, start = cpu_times(), time.perf_counter()
        process = subprocess.Popen(run.command, env=environment, stdout=output, stderr=errors)
        try:
            status, usage = wait_limited(process)
        except BaseException:
            process.kill()
            process.wait()
            raise
        seconds = time.perf_counter() - start
        after = cpu_times()
        output.seek(0)
        errors.seek(0)
        text = output.read().decode(errors="replace")
        if status != 0:
            complaint = errors.read().decode(errors="replace").strip().splitlines()[-1:] or [
                f"status {status}"
            ]
            raise Failed(f"{' '.join(run.command)}: {complaint[0]}")
    others = None
    if before is not None:
        others = max(0.0, (after - before - usage.ru_utime - usage.ru_stime) / seconds)
    if "{" in text:
        document = json.loads(text[text.index("{") :])
    else:  # name=value …
        document = dict(field.split("=", 1) for field in text.split())
    # ru_maxrss is in KiB, on macOS in bytes
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Outcome(run.read(document, seconds, peak), document, others)


def wait_limited(process):
    """wait4, which alone tells a child's peak memory, with a limit."""
    end = time.monotonic() + LIMIT_SECONDS
    pause = 0.0005
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage
        if time.monotonic() > end:
            raise Failed(f"{' '.join(process.args)}: still running after {LIMIT_SECONDS} s")
        time.sleep(pause)


def run_undisturbed(run, noise, patience):
    """As run_once, when the CPUs are ours; if they did not stay so, the best of a few tries."""
    best = None
    for _ in range(1 + REPEATS):
        before = noise.wait_for_quiet(patience)
        pingpong = noise.last["pingpong_ns"]
        outcome = run_once(run)
        outcome.share = min(before, noise.sample())
        outcome.pingpong = pingpong
        if best is None or outcome.merit() > best.merit():
            best = outcome
        if not best.disturbed():
            break
    return best


@dataclasses.dataclass
class Summary:
    median: float
    low: float
    high: float

    @staticmethod
    def of(values):
        return Summary(statistics.median(values), min(values), max(values))
