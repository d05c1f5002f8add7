//! A project whose build is real and never ends by itself, and the program while it waits for it.

use crate::project::{FLEET, Project};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Stdio},
};

/// The command of the build.
pub(super) const COMMAND: &str = "echo going; sleep 600";

pub(super) fn project() -> Project {
    let project = Project::new(FLEET);
    project.write("source/file", "x");
    // The build is real, and so is the time.
    let durations = "durations = { restore = \"1ms\", install = \"1ms\", exercise = \"1ms\" }";
    project.edit_plan("seed = 1", durations);
    project.edit_plan(
        "name = \"main\"",
        &format!("name = \"main\"\nsource = {{ path = \"source\" }}\ncommands = [\"{COMMAND}\"]"),
    );
    project
}

/// Starts an apply and returns once the build is going, with what it goes on to tell.
pub(super) fn going(project: &Project) -> (Child, impl Iterator<Item = String> + use<>) {
    let mut child = project
        .command(&["apply", "plan.toml", "--yes", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let told: BufReader<ChildStdout> = BufReader::new(child.stdout.take().unwrap());
    let mut lines = told.lines().map(Result::unwrap);
    let is_going = |line: &String| line.contains("\"log\"") && line.contains("going");
    lines.find(is_going).unwrap();
    (child, lines)
}

/// Whether a command of the project's build is running.
pub(super) fn is_running(project: &Project) -> bool {
    let dir = project.state().join("build");
    let entry = format!("MOSDAT_LEASE={}/build", dir.display());
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let mut environments =
        processes.filter_map(|process| fs::read(process.path().join("environ")).ok());
    environments.any(|text| {
        text.split(|byte| *byte == 0)
            .any(|word| word == entry.as_bytes())
    })
}
