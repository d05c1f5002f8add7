//! The whole program on a real desktop, with apps that misbehave and a mosdat that is killed.

use crate::project::{Project, Ran};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader},
    process::Stdio,
};

/// Ways of being an app: a build each, and what its program does.
const APPS: [(&str, &str); 6] = [
    ("works", "exec xmessage hello"),
    ("exits", "exit 0"),
    ("missing", "exec /nowhere/at/all"),
    ("killed", "kill -9 $$"),
    ("hidden", "exec sleep 60"),
    ("window-then-1", "xmessage -timeout 1 hello; exit 1"),
];

fn project(scenario: &str) -> Project {
    let mut plan = format!(
        "[matrix]\nname = \"fleet\"\nscenarios = [\"{scenario}\"]\n\
         [app]\nname = \"app\"\nversion = \"1\"\nbinary = \"/usr/bin/app\"\ntimeout = 3\n\
         [local]\nparallel = 3\n\
         [[vm]]\nname = \"desktop\"\nprovider = \"local\"\nsession = \"x11\"\nslots = 3\n\
         [[vm.package]]\nformat = \"tar\"\nfile_glob = \"*.tar\"\n"
    );
    for (name, _) in APPS {
        write!(
            plan,
            "[[build]]\nname = \"{name}\"\nsource = {{ path = \"{name}\" }}\n\
             commands = [\"mkdir dist && tar -C tree -cf dist/app.tar .\"]\n"
        )
        .unwrap();
    }
    let project = Project::new(&plan);
    for (name, text) in APPS {
        let file = format!("{name}/tree/usr/bin/app");
        project.write(&file, &format!("#!/bin/sh\n{text}\n"));
        let path = project.path().join(file);
        let mut mode = fs::metadata(&path).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
        fs::set_permissions(&path, mode).unwrap();
    }
    project
}

#[test]
fn only_an_app_that_shows_a_window_and_stays_passes() {
    let project = project("smoke/x11");
    let ran = project.run(&["apply", "plan.toml", "--yes"]);
    assert_eq!(ran.code, Some(3), "{}{}", ran.out, ran.err);
    let status = project.run(&["status", "plan.toml", "--json"]).out;
    let status: Value = serde_json::from_str(&status).unwrap();
    let cells = status["cells"].as_array().unwrap().iter().map(|cell| {
        let text = |field: &str| cell[field].as_str().unwrap_or_default().to_owned();
        let build = text("key").split(['/', '.']).nth(2).unwrap().to_owned();
        (build, format!("{}: {}", text("verdict"), text("detail")))
    });
    let cells: BTreeMap<_, _> = cells.collect();
    let starts = |build: &str, expected: &str| {
        let found = &cells[build];
        assert!(found.starts_with(expected), "{build}: {found}");
    };
    starts("works", "passed: ");
    starts("exits", "failed: `app` exited with 0 before");
    starts("missing", "failed: `app` exited with 127");
    starts("killed", "failed: `app` was ended by SIGKILL");
    starts("hidden", "failed: ");
    starts("window-then-1", "failed: ");
}

#[test]
fn what_a_killed_mosdat_left_on_a_desktop_is_gone_after_the_next_run() {
    let project = project("wait");
    project.write(
        "scenarios/wait.yaml",
        "steps:\n  - shell: echo here\n  - shell: sleep 600\n    timeout: 700\n",
    );
    project.edit_plan(
        "scenarios = [\"wait\"]",
        "scenarios = [\"wait\"]\nbuilds = [\"works\"]",
    );
    let mut child = project
        .command(&["apply", "plan.toml", "--yes", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let is_open = |line: &String| line.contains("\"instruction\"") && line.contains("passed");
    lines.find(is_open).expect("the first instruction is told");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(desktops(&project) > 0, "the desktop outlives its mosdat");
    project.write("scenarios/wait.yaml", "steps:\n  - shell: echo here\n");
    project.ok(&["apply", "plan.toml", "--yes"]);
    assert_eq!(desktops(&project), 0);
    let pulled: Value = serde_json::from_str(&project.ok(&["state", "pull", "plan.toml"])).unwrap();
    assert_eq!(pulled["leases"].as_array().unwrap().len(), 0);
}

#[test]
fn what_is_not_installed_is_named_with_its_package_before_and_after() {
    let project = project("smoke/x11");
    let bare = |arguments: &[&str]| {
        let output = project
            .command(arguments)
            .env("PATH", project.path())
            .output()
            .unwrap();
        Ran::from(output)
    };
    let plan = bare(&["plan", "plan.toml"]);
    assert_eq!(plan.code, Some(0), "{}", plan.err);
    assert!(
        plan.err.contains("apt install tigervnc-standalone-server"),
        "{}",
        plan.err
    );
    let apply = bare(&["apply", "plan.toml", "--yes", "--target", "desktop:restore"]);
    assert_eq!(apply.code, Some(1), "{}", apply.err);
    assert!(
        apply.out.is_empty() || !apply.out.contains("passed"),
        "{}",
        apply.out
    );
    assert!(
        apply.err.contains("tigervnc-standalone-server"),
        "{}",
        apply.err
    );
}

/// How many processes there are of desktops of this project.
fn desktops(project: &Project) -> usize {
    let entry = format!("MOSDAT_LEASE={}", project.state().display());
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let environments =
        processes.filter_map(|process| fs::read(process.path().join("environ")).ok());
    let belongs = |text: &Vec<u8>| {
        text.split(|byte| *byte == 0)
            .any(|word| word.starts_with(entry.as_bytes()))
    };
    environments.filter(belongs).count()
}
