//! `mosdat trace` on a private desktop, with the app that comes along: what it finds out is taken by
//! the routines that ask for it, while the very same package is tested.

use super::json;
use crate::project::Project;
use serde_json::Value;
use std::{fs, process::Command};

const PLAN: &str = r#"
[matrix]
name = "fleet"
scenarios = ["start"]
[app]
name = "notes"
version = "1"
binary = "/usr/bin/notes"
[local]
[[build]]
name = "main"
source = { path = "app" }
commands = ["mkdir dist && tar -cf dist/notes.tar usr"]
[[vm]]
name = "desk"
[[vm.package]]
format = "tar"
file_glob = "*.tar"
"#;

const OPEN: &str = "\
steps: [{shell: echo by menu}]
fallbacks:
- when: \"capability.accelerators['alt+w'] == 'swallowed'\"
  steps: [{shell: echo by pointer}]
";

fn project() -> Project {
    let project = Project::new(PLAN);
    fs::create_dir(project.path().join("app")).unwrap();
    let copied = Command::new("cp")
        .args(["-r", "examples/notes/usr"])
        .arg(project.path().join("app"))
        .status();
    assert!(copied.unwrap().success());
    project.write("app/usr/share/notes/version", "1\n");
    project.write("app/usr/share/notes/layout", "wide\n");
    project.write("scenarios/start.yaml", "steps: [{routine: open}]\n");
    project.write("scenarios/routines/open.yaml", OPEN);
    project
}

/// Returns what was said while the routine was tested.
fn logs(project: &Project) -> Vec<String> {
    let out = project.ok(&["routines", "test", "open", "plan.toml", "--json"]);
    let events = out.lines().map(json);
    let said = events.filter(|event: &Value| {
        event["type"] == "log" && event["key"].as_str().unwrap().contains(":exercise")
    });
    said.map(|event| event["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_keys_do_is_found_out_once_for_each_package() {
    let project = project();
    let keys = ["--key", "Alt+W", "--key", "ctrl+f", "--key", "ctrl+,"];
    let trace = [&["trace", "plan.toml"], &keys[..]].concat();
    let ran = project.run(&trace);
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    assert_eq!(
        ran.err,
        "error: `main.tar` was not built yet; `mosdat apply` does that\n"
    );
    let when = "capability.accelerators['alt+w'] == 'swallowed'";
    let unknown = format!("[routine:open]: nobody knows whether `{when}` holds of this package");
    assert_eq!(logs(&project), [unknown.as_str(), "by menu"]);
    let out = project.ok(&trace);
    let (told, written) = out.split_once("Written to ").unwrap();
    insta::assert_snapshot!(told, @r"
    alt+w     swallowed
    ctrl+,    no_accel
    ctrl+f    open
    ");
    let built = json(&project.ok(&["state", "show", "main.tar:build", "plan.toml"]));
    let package = built["output"].as_str().unwrap().to_owned();
    let hex = package.trim_start_matches("sha256:");
    assert!(
        written.contains(&format!("scenarios/capabilities/{hex}.json")),
        "{written}"
    );
    let traced = format!("[routine:open] fallback '{when}': as the package was traced");
    assert_eq!(logs(&project), [traced.as_str(), "by pointer"]);
    // Of another package nothing is known.
    project.write("app/usr/share/notes/more.txt", "more\n");
    assert_eq!(logs(&project), [unknown.as_str(), "by menu"]);
    // A key that closes the app has opened nothing, and what was found out before stays.
    fs::remove_file(project.path().join("app/usr/share/notes/more.txt")).unwrap();
    assert_eq!(logs(&project), [traced.as_str(), "by pointer"]);
    let out = project.ok(&["trace", "plan.toml", "--key", "ctrl+q"]);
    insta::assert_snapshot!(out.split_once("Written to ").unwrap().0, @r"
    alt+w     swallowed
    ctrl+,    no_accel
    ctrl+f    open
    ctrl+q    unknown
    ");
}
