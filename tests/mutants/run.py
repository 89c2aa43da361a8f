#!/usr/bin/env python3
"""run.py [-j WORKERS] [-d DIRECTORY] [NAME...] - seeds the bugs of list.txt, one at a time, and sees whether the
tests find them.

Each worker has a copy of the tree in a temporary directory (or in DIRECTORY, which is kept, and serves again),
where a mutant is applied, built incrementally and tested until a test fails, twice in a row: what fails by chance
has found nothing. Quick tests come first, and those that found others. A test that takes ten times its time has
failed too. Says of each mutant whether it was killed, and by which test, and in the end the score. Fails when a
mutant does not fit the source any more, does not build, a test fails without one, or the score is not above 95 %.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import queue
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent.parent
TSAN_TESTS = {"unit.remote", "unit.registry", "unit.property"}
KINDS = "unit;fuzz;misuse;preload;link;scripts"
FLAGS = "-O2 -DNDEBUG"
GOAL_PERCENT = 95
A_CHANCE = 0.2  # that a test finds a mutant, for one that has found none yet, beside the number of those it found
PATIENCE = 5  # of a test's own limits: ours decide


class Mutant:
    def __init__(self, heading, line):
        name, _, self.text = heading.partition(":")
        self.name, _, kind = name.strip().partition(" ")
        self.tsan = kind == "[tsan]"
        self.line, self.file, self.old, self.new = line, None, [], []

    def apply(self, tree):
        """Returns the file's text with the bug in it; ValueError when its lines are not there exactly once."""
        lines = (tree / self.file).read_text().split("\n")
        stripped = [line.strip() for line in lines]
        n = len(self.old)
        found = [i for i in range(len(lines)) if stripped[i : i + n] == self.old]
        if len(found) != 1:
            raise ValueError(f"list.txt:{self.line}: {self.name}: its lines stand {len(found)} times in {self.file}")
        at = found[0]
        return "\n".join(lines[:at] + self.new + lines[at + n :])


def read_list(path):
    mutants = []
    for number, line in enumerate(path.read_text().split("\n"), 1):
        mark, rest = line[:1], line[2:].strip()
        if mark == "=":
            mutants.append(Mutant(rest, number))
        elif mark == "-":
            mutants[-1].old.append(rest)
        elif mark == "+":
            mutants[-1].new.append(rest)
        elif line.strip() and mark != "#":
            mutants[-1].file = line.strip()
    return mutants


def copy_if_other(source, target):
    """A file that is the same already keeps its time, and what was built from it."""
    if not target.is_file() or target.read_bytes() != source.read_bytes():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        shutil.copymode(source, target)


def misfits(mutants):
    """What is wrong with those that do not fit the source."""
    for mutant in mutants:
        try:
            mutant.apply(TREE)
        except (OSError, ValueError) as error:
            yield str(error)


class Test:
    def __init__(self, described):
        properties = {p["name"]: p["value"] for p in described.get("properties", [])}
        self.name, self.command = described["name"], described["command"]
        self.environment = dict(p.split("=", 1) for p in properties.get("ENVIRONMENT", []))
        self.environment["CHECK_PATIENCE"] = str(PATIENCE)
        self.directory = properties.get("WORKING_DIRECTORY")
        self.seconds = 0.0

    def run(self, limit):
        """Its status, 0 for one that skips; None when it does not end within `limit` seconds."""
        process = subprocess.Popen(
            self.command,
            cwd=self.directory,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout=limit)
            return 0 if status == 77 else status
        except subprocess.TimeoutExpired:
            return None
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()


class Build:
    """A build directory of a worker's tree, and its tests."""

    def __init__(self, tree, directory, *options):
        self.directory = directory
        self.call("cmake", "-S", tree, "-B", directory, "-G", "Ninja", "-DHAKMEM_PROGRAMS=OFF", *options)
        if not self.make():
            sys.exit(f"the tree does not build: see {directory}")
        listed = subprocess.run(
            ["ctest", "--show-only=json-v1"], cwd=directory, capture_output=True, check=True, text=True
        )
        self.tests = [Test(t) for t in json.loads(listed.stdout)["tests"] if "command" in t]

    def call(self, *command):
        subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL)

    def make(self):
        done = subprocess.run(["ninja", "-j1", "-C", self.directory], capture_output=True, check=False)
        return done.returncode == 0

    def measure(self, at_once):
        """Runs every test on the sound tree; sorts them, quickest first."""

        def run(test):
            began = time.monotonic()
            passed = test.run(600) == 0
            test.seconds = time.monotonic() - began
            return passed or test.run(600) == 0

        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            passed = list(pool.map(run, self.tests))
        failed = [test.name for test, well in zip(self.tests, passed) if not well]
        if failed:
            sys.exit(f"without a mutant: {', '.join(failed)} failed")
        self.sort({test.name: test.seconds for test in self.tests})

    def sort(self, seconds):
        for test in self.tests:
            test.seconds = seconds[test.name]
        self.tests.sort(key=lambda test: test.seconds)

    def first_failure(self, kills):
        for test in sorted(self.tests, key=lambda test: test.seconds / (kills[test.name] + A_CHANCE)):
            limit = 20 + 10 * test.seconds
            status = test.run(limit)
            if status is None or (status != 0 and test.run(limit) != 0):
                return test.name
        return None


class Worker:
    kills = collections.Counter()  # of all workers, by test

    def __init__(self, scratch, number):
        self.scratch, self.tree = scratch / str(number), scratch / str(number) / "tree"
        files = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=TREE, capture_output=True, check=True, text=True
        )
        for file in files.stdout.splitlines():
            if (TREE / file).is_file():
                copy_if_other(TREE / file, self.tree / file)
        self.release = Build(
            self.tree,
            self.scratch / "release",
            f"-DHAKMEM_TEST_KINDS={KINDS}",
            "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
            f"-DCMAKE_C_FLAGS_RELWITHDEBINFO={FLAGS}",
            f"-DCMAKE_CXX_FLAGS_RELWITHDEBINFO={FLAGS}",
        )
        self.tsan = None

    def with_tsan(self):
        if not self.tsan:
            self.tsan = Build(
                self.tree,
                self.scratch / "tsan",
                "-DHAKMEM_SANITIZE=thread",
                "-DCMAKE_BUILD_TYPE=Debug",
                "-DCMAKE_C_FLAGS_DEBUG=-O1 -g",
            )
            self.tsan.tests = [test for test in self.tsan.tests if test.name in TSAN_TESTS]
            self.tsan.measure(1)
        return self.tsan

    def judge(self, mutant):
        """Returns the verdict, and the test that killed it."""
        build = self.with_tsan() if mutant.tsan else self.release
        sound = (self.tree / mutant.file).read_text()
        (self.tree / mutant.file).write_text(mutant.apply(self.tree))
        try:
            if not build.make():
                return "does not build", None
            failed = build.first_failure(self.kills)
            if not failed:
                return "survived", None
            self.kills[failed] += 1
            return "killed", failed
        finally:
            (self.tree / mutant.file).write_text(sound)


def start_workers(scratch, count):
    """As many workers, of which the first has measured the tests for all."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        workers = list(pool.map(lambda number: Worker(scratch, number), range(count)))
    workers[0].release.measure(count)
    for worker in workers[1:]:
        worker.release.sort({test.name: test.seconds for test in workers[0].release.tests})
    return workers


def judge_all(workers, mutants):
    """Judges the mutants, those that take ThreadSanitizer all in one worker; returns their verdicts."""
    idle = queue.Queue()
    for worker in workers:
        idle.put(worker)

    def judge(some):
        worker = idle.get()
        verdicts = []
        for mutant in some:
            began = time.monotonic()
            verdict, test = worker.judge(mutant)
            by = f"by {test}, " if test else ""
            print(f"{verdict:14}  {mutant.name:28} {by}{time.monotonic() - began:.0f} s", flush=True)
            verdicts.append((mutant, verdict))
        idle.put(worker)
        return verdicts

    share = [[m] for m in mutants if not m.tsan] + [[m for m in mutants if m.tsan]]
    with concurrent.futures.ThreadPoolExecutor(len(workers)) as pool:
        return [verdict for verdicts in pool.map(judge, share) for verdict in verdicts]


def report(verdicts, seconds):
    count = {v: sum(verdict == v for _, verdict in verdicts) for v in ("killed", "survived", "does not build")}
    judged = count["killed"] + count["survived"]
    percent = 100 * count["killed"] / judged if judged else 0
    print(
        f"{len(verdicts)} mutants in {seconds / 60:.0f} min: {count['killed']} killed, {count['survived']} survived, "
        f"{count['does not build']} do not build: {percent:.1f} %"
    )
    for mutant, verdict in verdicts:
        if verdict != "killed":
            print(f"{verdict}: {mutant.name}: {mutant.text.strip()} (list.txt:{mutant.line})")
    return percent > GOAL_PERCENT and not count["does not build"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-j", type=int, default=os.cpu_count(), metavar="WORKERS")
    parser.add_argument("-d", type=pathlib.Path, metavar="DIRECTORY")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    mutants = read_list(HERE / "list.txt")
    wrong = list(misfits(mutants))
    if wrong:
        sys.exit("\n".join(wrong))
    unknown = set(arguments.names) - {mutant.name for mutant in mutants}
    if unknown:
        sys.exit(f"no such mutant: {', '.join(sorted(unknown))}")
    wanted = [m for m in mutants if not arguments.names or m.name in arguments.names]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    scratch = arguments.d or pathlib.Path(tempfile.mkdtemp(prefix="hakmem-mutants-"))
    began = time.monotonic()
    try:
        workers = start_workers(scratch, min(arguments.j, len(wanted)))
        verdicts = judge_all(workers, wanted)
    finally:
        if not arguments.d:
            shutil.rmtree(scratch, ignore_errors=True)
    sys.exit(0 if report(verdicts, time.monotonic() - began) else 1)


if __name__ == "__main__":
    main()
