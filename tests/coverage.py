#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause

"""What a run of the suite reached, in a build with --enable-coverage:

  coverage.py [--lines] BUILD-DIRECTORY

Lines in each folder of plugin/, and with --lines those that nothing reached.
"""

import argparse
import collections
import json
import os
import subprocess


def notes_below(directory):
    for folder, _, names in os.walk(directory):
        for name in names:
            if name.endswith(".gcda"):
                yield os.path.join(folder, name)


def lines_of(path):
    """(source, line, count) of one object file."""
    out = subprocess.run(["gcov", "--json-format", "--stdout",
                          os.path.basename(path)],
                         cwd=os.path.dirname(path), check=True,
                         capture_output=True).stdout
    for text in out.splitlines():
        for file in json.loads(text)["files"]:
            for line in file["lines"]:
                yield file["file"], line["line_number"], line["count"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", action="store_true")
    parser.add_argument("build")
    args = parser.parse_args()

    # One source may be in several programs.
    counts = collections.defaultdict(collections.Counter)
    for folder in "plugin", "tests":    # the tests have functions of headers
        for path in notes_below(os.path.join(args.build, folder)):
            for source, line, count in lines_of(path):
                _, plugin, name = source.rpartition("/plugin/")
                if plugin:
                    counts[name][line] += count

    folders = collections.defaultdict(lambda: [0, 0])
    for name, lines in sorted(counts.items()):
        reached = sum(n > 0 for n in lines.values())
        total = folders[os.path.dirname(name) or "."]
        total[0] += reached
        total[1] += len(lines)
        print(f"{name:28} {reached:5} of {len(lines):5} "
              f"{100 * reached / len(lines):6.1f} %")
        if args.lines:
            print("    not reached:", *(n for n in sorted(lines)
                                        if lines[n] == 0))
    print()
    for folder, (reached, total) in sorted(folders.items()):
        print(f"{folder:28} {reached:5} of {total:5} "
              f"{100 * reached / total:6.1f} %")


if __name__ == "__main__":
    main()
