//! `mosdat atspi-dump` on a private desktop, with a real program.

use crate::project::Project;
use serde_json::Value;
use std::{fs, time::Duration};

const PLAN: &str = r#"
[matrix]
name = "fleet"
scenarios = ["smoke/x11"]
[app]
name = "notes"
version = "1"
binary = "/usr/bin/notes"
[[build]]
name = "main"
source = { package = "notes.tar" }
[[vm]]
name = "desktop"
provider = "local"
session = "x11"
[[vm.package]]
format = "tar"
file_glob = "*.tar"
"#;

const PROGRAM: &str = r#"
import gi
gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk
GLib.set_prgname("Letters")
window = Gtk.Window(title="Letters")
box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
window.add(box)
later = Gtk.Button(label="Later", no_show_all=True)
for widget in (Gtk.Button(label="Send"), Gtk.CheckButton(label="Sure", active=True), later):
    box.add(widget)
window.connect("destroy", Gtk.main_quit)
window.show_all()
GLib.timeout_add(300, lambda: later.show())
Gtk.main()
"#;

fn project() -> (Project, String) {
    let project = Project::new(PLAN);
    project.write("notes.tar", "");
    project.write("letters.py", PROGRAM);
    let folder = project.path();
    // The desktop's user has to get to it, and to write there.
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let folder = folder.display();
    let launch = format!("echo $$ > {folder}/pid; exec /usr/bin/python3 {folder}/letters.py");
    (project, launch)
}

/// The process of the launched program.
fn started(project: &Project) -> Option<u32> {
    let text = fs::read_to_string(project.path().join("pid")).ok()?;
    text.trim().parse().ok()
}

fn assert_program_is_gone(project: &Project) {
    let process = format!("/proc/{}", started(project).unwrap());
    assert!(!std::path::Path::new(&process).exists(), "{process}");
}

#[test]
fn a_dump_shows_what_a_launched_program_shows_and_leaves_nothing() {
    let (project, launch) = project();
    let dump = |more: &[&str]| {
        let mut typed = vec!["atspi-dump", "plan.toml", "--vms", "desktop"];
        typed.extend(["--launch", &launch, "--wait", "push button:Later"]);
        typed.extend(more);
        project.ok(&typed)
    };
    let tree = dump(&[]);
    let lines: Vec<&str> = tree.lines().collect();
    assert_eq!(lines[0], "Letters");
    assert!(lines[1].starts_with("  frame \"Letters\" ["), "{tree}");
    assert!(lines[2].starts_with("    filler"), "{tree}");
    assert!(lines[3].starts_with("      push button \"Send\""), "{tree}");
    assert!(lines[4].starts_with("      check box \"Sure\" ["), "{tree}");
    assert!(lines[4].contains("checked"), "{tree}");
    assert!(
        lines[5].starts_with("      push button \"Later\" ("),
        "{tree}"
    );
    let roles = dump(&["--format", "roles", "--max-depth", "2"]);
    assert_eq!(
        roles,
        "    2  push button\n    1  check box\n    1  filler\n    1  frame\n"
    );
    dump(&[
        "--format",
        "json",
        "--app-filter",
        "LETT",
        "--output",
        "tree.json",
    ]);
    let written = fs::read_to_string(project.path().join("tree.json")).unwrap();
    let document: Value = serde_json::from_str(&written).unwrap();
    let frame = &document["apps"][0]["children"][0];
    assert_eq!(frame["name"], "Letters");
    assert_eq!(frame["children"][0]["children"][0]["placement"], "told");
    assert_program_is_gone(&project);
    let pulled = project.ok(&["state", "pull", "plan.toml"]);
    let state: Value = serde_json::from_str(&pulled).unwrap();
    assert_eq!(state["leases"], serde_json::json!([]), "{pulled}");
}

#[test]
fn a_dump_without_anything_to_show_is_an_error() {
    let (project, launch) = project();
    let fails = |typed: &[&str], why: &str| {
        let mut all = vec!["atspi-dump", "plan.toml"];
        all.extend(typed);
        let ran = project.run(&all);
        assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
        assert!(ran.err.contains(why), "{}", ran.err);
        assert_eq!(ran.out, "");
    };
    fails(&[], "no application shows itself to assistive technologies");
    fails(
        &["--vms", "moon"],
        "there is no machine `moon`, only desktop",
    );
    fails(
        &["--vms", "desktop", "--vms", "moon"],
        "name one machine only",
    );
    fails(&["--layer", "clean"], "`clean` is no layer");
    fails(&["--layer", "mosdat-00000000000000000000"], "has no layer");
    fails(
        &["--launch", "echo no such luck; exit 3"],
        "exited with 3\nno such luck",
    );
    let wait = [
        "--launch",
        &launch,
        "--wait",
        "dialog:Nowhere",
        "--timeout",
        "2",
    ];
    fails(&wait, "no dialog `Nowhere` showed within 2 s");
    let other = [
        "--launch",
        &launch,
        "--wait",
        "frame",
        "--app-filter",
        "numbers",
    ];
    fails(
        &[&other[..], &["--timeout", "2"]].concat(),
        "no frame of `numbers`",
    );
}

#[test]
fn a_dump_that_is_interrupted_gives_the_desktop_back() {
    let (project, launch) = project();
    let typed = [
        "atspi-dump",
        "plan.toml",
        "--launch",
        &launch,
        "--wait",
        "dialog",
        "--timeout",
        "600",
    ];
    let mut command = project.command(&typed);
    let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    while started(&project).is_none() {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(20));
    }
    let id = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_program_is_gone(&project);
    let pulled = project.ok(&["state", "pull", "plan.toml"]);
    let state: Value = serde_json::from_str(&pulled).unwrap();
    assert_eq!(state["leases"], serde_json::json!([]), "{pulled}");
}
