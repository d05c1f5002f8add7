#!/usr/bin/env python3
"""Times the steps of a scenario in which the app has nothing to do, so that all of it is mosdat's.

    steps.py --mosdat PROGRAM --project DIR [--runs N]

DIR is a copy of the project's `examples`, `plans` and `scenarios`, and is written to. A scenario of
100 steps is carried out on a private desktop, N times: Notes is launched, and then what shows is
asserted 99 times, by its window, by its accessibility tree and by a picture in turns. Times are
those that the run itself wrote down; shown are medians. Prints rows of

    what | mosdat | peers | ratio | reach | ok or MISS

Ends with 1 on a MISS, with 2 when the scenario does not pass.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

WAYS = {
    "window": "{window: Notes}",
    "tree": "{role: label, name: 0 notes}",
    "picture": "{anchor: ../notes/badge.png}",
}
STEPS = 100
PLAN = """[matrix]
name      = "steps"
include   = ["../examples/notes/notes.toml"]
machines  = ["x11-small"]
builds    = ["main"]
scenarios = ["bench/steps"]

[[build]]
name     = "main"
source   = { path = "../examples/notes" }
commands = ["./package.sh"]
"""


def main():
    options = arguments()
    project = Path(options.project)
    ways = [list(WAYS)[at % len(WAYS)] for at in range(STEPS - 1)]
    write(project, ways)
    whole, each = [], {way: [] for way in WAYS}
    for _ in range(options.runs):
        ends = carry_out(options.mosdat, project)
        whole.append((ends[-1] - ends[0]) / 1000)
        for way in WAYS:
            took = [end - start for start, end, of in zip(ends, ends[1:], ways) if of == way]
            # The tree of an app is read as a whole the first time it is asked.
            each[way].append(statistics.mean(took[1:]))
    holds = [row(f"{STEPS} steps on a private desktop, beyond what the app takes",
                 statistics.median(whole), "s", 1)]
    for way, means in each.items():
        holds.append(row(f"assert what is there, by {way}", statistics.median(means), "ms", 5))
    return 0 if all(holds) else 1


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mosdat", required=True)
    parser.add_argument("--project", required=True)
    parser.add_argument("--runs", type=int, default=5)
    return parser.parse_args()


def write(project, ways):
    steps = ['  - launch: "{app_path}"', "    window: Notes"]
    steps += [f"  - verify: {WAYS[way]}" for way in ways]
    scenario = project / "scenarios/bench/steps.yaml"
    scenario.parent.mkdir(parents=True, exist_ok=True)
    scenario.write_text("\n".join(["name: Steps", "steps:", *steps, ""]))
    (project / "plans/steps.toml").write_text(PLAN)


def carry_out(mosdat, project):
    """Returns when each step ended, in milliseconds."""
    state = project / "state/steps"
    shutil.rmtree(state, ignore_errors=True)
    command = [mosdat, "apply", "plans/steps.toml", "--yes"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stdout + done.stderr, file=sys.stderr)
        sys.exit(2)
    [events] = state.glob("runs/*/events.jsonl")
    told = [json.loads(line) for line in events.read_text().splitlines()]
    ends = [event["at"] for event in told if event["type"] == "instruction"]
    if len(ends) != STEPS:
        sys.exit(f"{len(ends)} steps of {STEPS} were carried out")
    return ends


def row(what, value, unit, most):
    verdict = "ok" if value <= most else "MISS"
    print(f"{what} | {value:.3g} {unit} | - | - | <= {most} {unit} | {verdict}", flush=True)
    return value <= most


if __name__ == "__main__":
    sys.exit(main())
