#!/usr/bin/env python3
"""Times whole commands and says whether mosdat is as good as it must be: one row of a table.

    measure.py --what TEXT --runs N [--reach-cpu SECONDS] [--reach-rss MIB]
               --mosdat DIR COMMAND [--peer NAME DIR COMMAND]... [--codes 0,2]

Commands are run in turn, N times each, so that whatever else the computer does hits all of them;
shown are medians. CPU time is user and system time of the command and its children; memory is the
most that one process held, and cannot be told below the 15 MiB or so that this program itself
holds. Prints

    what | mosdat | peers | ratio | reach | ok or MISS

The ratio is CPU time against the first peer. Ends with 1 on a MISS, with 2 when a command fails.
"""

import argparse
import os
import shlex
import statistics
import subprocess
import sys
import time


def main():
    options = arguments()
    commands = [("mosdat", *options.mosdat)] + [tuple(peer) for peer in options.peer]
    samples = {name: [] for name, _, _ in commands}
    for _ in range(options.runs):
        for name, folder, command in commands:
            samples[name].append(run(name, folder, command, options.codes))
    medians = {name: [statistics.median(column) for column in zip(*rows)]
               for name, rows in samples.items()}
    cpu, rss = medians["mosdat"][1:]
    reach, is_reached = [], True
    if options.reach_cpu is not None:
        reach.append(f"<= {seconds(options.reach_cpu)} CPU")
        is_reached &= cpu <= options.reach_cpu
    if options.reach_wall is not None:
        reach.append(f"<= {seconds(options.reach_wall)} in all")
        is_reached &= medians["mosdat"][0] <= options.reach_wall
    if options.reach_rss is not None:
        reach.append(f"<= {options.reach_rss:.0f} MiB")
        is_reached &= rss <= options.reach_rss
    peers = "; ".join(f"{name} {shown(medians[name])}" for name, _, _ in commands[1:])
    ratio = f"{medians[commands[1][0]][1] / max(cpu, 1e-4):.1f}x" if options.peer else "-"
    verdict = ("ok" if is_reached else "MISS") if reach else "-"
    print(" | ".join([options.what, shown(medians["mosdat"]), peers or "-", ratio,
                      ", ".join(reach) or "-", verdict]), flush=True)
    return 0 if is_reached else 1


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--what", required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--reach-cpu", type=float)
    parser.add_argument("--reach-rss", type=float)
    parser.add_argument("--reach-wall", type=float)
    parser.add_argument("--mosdat", nargs=2, required=True, metavar=("DIR", "COMMAND"))
    parser.add_argument("--peer", nargs=3, action="append", default=[],
                        metavar=("NAME", "DIR", "COMMAND"))
    parser.add_argument("--codes", default="0", help="exit codes that are no failure")
    options = parser.parse_args()
    options.codes = {int(code) for code in options.codes.split(",")}
    return options


def run(name, folder, command, codes):
    """Returns wall seconds, CPU seconds and MiB of one run."""
    started = time.perf_counter()
    with subprocess.Popen(shlex.split(command), cwd=folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in codes:
        print(f"measure: `{command}` of {name} ended with {process.returncode}:\n"
              + output.decode(errors="replace")[-2000:], file=sys.stderr)
        sys.exit(2)
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def seconds(value):
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def shown(medians):
    wall, cpu, rss = medians
    return f"{seconds(cpu)} CPU, {rss:.0f} MiB, {seconds(wall)} in all"


if __name__ == "__main__":
    sys.exit(main())
