#!/usr/bin/env python3
"""coverage.py BUILD [--missed] - what the tests that ran in a coverage build reached: lines and branches of each file of
the allocator. A file is compiled more than once (for the library, for the unit tests); what one of them
reached counts. Assertions' branches are left out, and those of exceptions. --missed: the lines that never ran.
"""
import collections
import json
import pathlib
import subprocess
import sys

TREE = pathlib.Path(__file__).resolve().parent.parent
FLOORS = ["base", "os", "region", "slab", "pool", "heap", "front", "api"]


def read_counts(build):
    """Yields (file, line, count, branches' counts) of every object that ran."""
    for notes in sorted(pathlib.Path(build).resolve().rglob("*.gcda")):
        done = subprocess.run(
            ["gcov", "--json-format", "--branch-probabilities", "--stdout", notes],
            cwd=notes.parent,
            capture_output=True,
            check=True,
        )
        for text in done.stdout.splitlines():
            for file in json.loads(text)["files"]:
                path = (TREE / file["file"]).resolve()
                if TREE / "src" in path.parents:
                    for line in file["lines"]:
                        branches = [b["count"] for b in line["branches"] if not b["throw"]]
                        yield path.relative_to(TREE / "src"), line["line_number"], line["count"], branches


def add_branches(known, more):
    """The same branches in two objects: added up; else those of which more were taken."""
    if len(known) == len(more):
        return [a + b for a, b in zip(known, more)]
    return max(known, more, key=lambda branches: sum(n > 0 for n in branches))


class File:
    def __init__(self, path):
        self.source = (TREE / "src" / path).read_text().split("\n")
        self.lines, self.branches = collections.Counter(), {}

    def add(self, line, count, branches):
        self.lines[line] += count
        if branches and not self.source[line - 1].lstrip().startswith("CHECK("):
            self.branches[line] = add_branches(self.branches.get(line, []), branches)

    def totals(self):
        branches = [n for counts in self.branches.values() for n in counts]
        return [len(self.lines), sum(n > 0 for n in self.lines.values()), len(branches), sum(n > 0 for n in branches)]

    def missed(self):
        return sorted(line for line, count in self.lines.items() if count == 0)


def share(part, whole):
    return f"{100 * part / whole:5.1f} %  {part:5}/{whole:<5}" if whole else "    -              "


def print_row(name, totals):
    lines, lines_hit, branches, branches_hit = totals
    print(f"{name:24} {share(lines_hit, lines)}  {share(branches_hit, branches)}")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: coverage.py BUILD [--missed]")
    files = {}
    for path, line, count, branches in read_counts(sys.argv[1]):
        if path.parts[0] in FLOORS:
            files.setdefault(path, File(path)).add(line, count, branches)
    if not files:
        sys.exit(f"{sys.argv[1]}: no counts; is it a coverage build, and did the tests run?")
    print(f"{'':24} {'lines':20} branches")
    total = [0, 0, 0, 0]
    for path in sorted(files, key=lambda p: (FLOORS.index(p.parts[0]), p)):
        totals = files[path].totals()
        total = [a + b for a, b in zip(total, totals)]
        print_row(str(path), totals)
        if "--missed" in sys.argv:
            for line in files[path].missed():
                print(f"    {line:4} {files[path].source[line - 1]}")
    print_row("all", total)


main()
