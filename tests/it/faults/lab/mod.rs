//! The fault lab: an app, a desktop or a harness that goes wrong in one way, and the verdict that it
//! must get. A `passed` or a `failed` that is not the app's is what must never be.

mod app;
mod desktop;
mod harness;
mod table;

use crate::project::Project;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};
use table::keep;

/// A scenario with a fault in it, and what must come of it.
struct Row {
    /// What goes wrong.
    fault: &'static str,
    /// The verdict that it must get.
    verdict: &'static str,
    /// What the reason must say.
    told: &'static str,
    /// The scenario.
    yaml: String,
}

/// Builds Notes so that it goes wrong when it is told to, and plans a scenario for each row.
fn lab(rows: &[Row], more: &str) -> Project {
    let plan = format!(
        "[matrix]\nname = \"fleet\"\nscenarios = [\"lab/*\"]\ntimeout = \"90s\"\n\
         [app]\nname = \"notes\"\nversion = \"1\"\nbinary = \"/usr/bin/notes\"\ntimeout = 3\n\
         [local]\nparallel = 3\n\
         [[vm]]\nname = \"desktop\"\nprovider = \"local\"\nsession = \"x11\"\nslots = 3\n\
         geometry = \"1024x768\"\n\
         [[vm.package]]\nformat = \"deb\"\nfile_glob = \"notes_*_all.deb\"\n\
         [[build]]\nname = \"main\"\nsource = {{ path = \"notes\" }}\ncommands = [\"./package.sh\"]\n{more}"
    );
    let project = Project::new(&plan);
    copy(Path::new("examples/notes"), &project.path().join("notes"));
    let lab = "notes/usr/share/notes/fault.py";
    project.write(lab, include_str!("fault.py"));
    let program = project.path().join("notes/usr/bin/notes");
    let text = fs::read_to_string(&program).unwrap();
    let started = "    import window\n";
    assert!(text.contains(started), "Notes starts otherwise now");
    let faulty = format!(
        "{started}    import fault\n    fault.apply(window, os.environ.get('NOTES_FAULT', 'none'))\n"
    );
    fs::write(&program, text.replace(started, &faulty)).unwrap();
    for row in rows {
        project.write(&format!("scenarios/lab/{}.yaml", row.fault), &row.yaml);
    }
    fs::copy(
        "scenarios/notes/badge.png",
        project.path().join("scenarios/lab/badge.png"),
    )
    .unwrap();
    project
}

/// Runs the lab, keeps what came of each fault, and fails for each that got another verdict.
fn run(title: &str, rows: &[Row], project: &Project) {
    let ran = project.run(&["apply", "plan.toml", "--yes"]);
    let status = project.run(&["status", "plan.toml", "--json"]).out;
    let status: Value = serde_json::from_str(&status)
        .unwrap_or_else(|err| panic!("{err}: {status}\n{}{}", ran.out, ran.err));
    let cells = status["cells"].as_array().unwrap().iter().map(|cell| {
        let text = |field: &str| cell[field].as_str().unwrap_or_default().to_owned();
        let key = text("key");
        let name = key.rsplit('/').next().unwrap().split(':').next().unwrap();
        (name.to_owned(), (text("verdict"), text("detail")))
    });
    let cells: BTreeMap<String, (String, String)> = cells.collect();
    let mut wrong = String::new();
    let mut told = Vec::new();
    for row in rows {
        let (verdict, detail) = cells
            .get(row.fault)
            .unwrap_or_else(|| panic!("{} did not run\n{}{}", row.fault, ran.out, ran.err));
        let is_right = row.verdict == verdict && detail.contains(row.told);
        if !is_right {
            let (expected, why) = (row.verdict, row.told);
            writeln!(
                wrong,
                "{}: {verdict}, not {expected} ({why}): {detail}",
                row.fault
            )
            .unwrap();
        }
        told.push((row.fault, row.verdict, verdict.clone(), detail.clone()));
    }
    keep(title, &told);
    assert!(wrong.is_empty(), "{wrong}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target: PathBuf = to.join(entry.file_name());
        if entry.file_name() == "dist" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Starts Notes with a fault.
fn launch(fault: &str) -> String {
    format!("- launch: \"env NOTES_FAULT={fault} {{app_path}}\"\n  window: Notes\n  timeout: 20\n")
}

/// Writes a note and saves it, checking what every user would see.
const SAVE: &str = "\
- click: {role: push button, name: New}
- verify: {role: label, name: New note}
  timeout: 4
- click: {role: text, name: Title}
- type: Groceries
- click: {role: push button, name: Save}
  timeout: 4
- verify: {role: label, name: Saved Groceries}
  timeout: 4
- verify: {role: list item, name: Groceries}
  timeout: 4
";

/// Returns a scenario of steps.
fn scenario(steps: &[&str]) -> String {
    format!("steps:\n{}", steps.concat())
}
