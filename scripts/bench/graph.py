#!/usr/bin/env python3
"""Writes one and the same graph for mosdat, ninja and Terraform.

    graph.py TOOL DIR STEPS [--edit]

Each of STEPS/4 machines is restored, gets a GPU, has the package installed and exercises a
scenario; one build is shared by all of them. With --edit, the first machine's base is another one,
as if its snapshot had been taken anew.
"""

import argparse
import os

PHASES = ["restore", "gpu", "install", "exercise"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tool", choices=["mosdat", "ninja", "terraform"])
    parser.add_argument("dir")
    parser.add_argument("steps", type=int)
    parser.add_argument("--edit", action="store_true")
    options = parser.parse_args()
    machines = options.steps // len(PHASES)
    os.makedirs(options.dir, exist_ok=True)
    write = {"mosdat": mosdat, "ninja": ninja, "terraform": terraform}[options.tool]
    write(options.dir, machines, options.edit)


def base(machine, edit):
    """Returns the name of a machine's snapshot."""
    return "retaken" if edit and machine == 0 else "clean"


def save(folder, name, lines):
    """Writes a file, unless it says the same already: tools look at its time."""
    path = os.path.join(folder, name)
    text = "\n".join(lines) + "\n"
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def mosdat(folder, machines, edit):
    """A simulated cluster. The GPU pool is as large as the cluster: no peer has such a limit."""
    lines = ['[matrix]', 'name = "bench"', 'gpu = ["g1"]', 'scenarios = ["open"]',
             '[app]', 'name = "app"', 'version = "1"', 'binary = "/usr/bin/app"',
             '[sim]', 'seed = 1', '[pools]', f'"gpu:g1" = {min(machines, 10000)}',
             '[[gpu]]', 'name = "g1"', '[[build]]', 'name = "main"']
    for machine in range(machines):
        lines += ['[[vm]]', f'name = "vm{machine:05d}"', 'provider = "sim"',
                  f'snapshot = "{base(machine, edit)}"', '[[vm.package]]', 'format = "deb"']
    save(folder, "plans/bench.toml", lines)
    save(folder, "scenarios/open.yaml", ["steps:", '  - launch: "{app_path}"', "    window: App"])


def ninja(folder, machines, edit):
    """A chain of files for each machine; installing takes the built package as well."""
    lines = ["rule step", "  command = cat $in > $out", "build out/package: step in/source"]
    save(folder, "in/source", ["source"])
    for machine in range(machines):
        name = f"vm{machine:05d}"
        save(folder, f"in/{name}", [base(machine, edit)])
        before = f"in/{name}"
        for phase in PHASES:
            package = " out/package" if phase == "install" else ""
            lines.append(f"build out/{name}.{phase}: step {before}{package}")
            before = f"out/{name}.{phase}"
    save(folder, "build.ninja", lines)


def terraform(folder, machines, edit):
    """A resource for each step, which needs nothing but Terraform itself."""
    lines = ['resource "terraform_data" "build" {', '  input = "source"', '}']
    for machine in range(machines):
        name = f"vm{machine:05d}"
        before = f'"{base(machine, edit)}"'
        for phase in PHASES:
            package = ", terraform_data.build.output" if phase == "install" else ""
            lines += [f'resource "terraform_data" "{name}_{phase}" {{',
                      f'  input = sha256(join("", [{before}, "{phase}"{package}]))', '}']
            before = f"terraform_data.{name}_{phase}.output"
    save(folder, "main.tf", lines)


if __name__ == "__main__":
    main()
