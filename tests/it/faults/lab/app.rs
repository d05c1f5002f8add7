//! Faults of the app: each must be a failure, and what is none must pass.

use super::{Row, SAVE, lab, launch, run, scenario};

/// A fault that writing a note brings to light.
fn saving(fault: &'static str, verdict: &'static str, told: &'static str) -> Row {
    Row {
        fault,
        verdict,
        told,
        yaml: scenario(&[&launch(fault), SAVE]),
    }
}

/// A fault that other steps bring to light.
fn by(fault: &'static str, verdict: &'static str, told: &'static str, steps: &str) -> Row {
    Row {
        fault,
        verdict,
        told,
        yaml: scenario(&[&launch(fault), steps]),
    }
}

/// What writing a note brings to light.
fn savings() -> Vec<Row> {
    vec![
        saving("none", "passed", ""),
        saving("slow-2s", "passed", ""),
        saving("wrong-label", "failed", "no label `Saved Groceries` shows"),
        saving("letter-off", "failed", "no label `Saved Groceries` shows"),
        saving("swapped-letters", "failed", "no label"),
        saving("other-case", "failed", "no label"),
        saving("no-label", "failed", "no label"),
        saving("other-language", "failed", "no label"),
        saving("two-labels-swapped", "failed", "no label"),
        saving("old-label", "failed", "no label"),
        saving("dead-button", "failed", "no label"),
        saving("dead-new", "failed", "no label `New note`"),
        saving("swapped-buttons", "failed", "no label"),
        saving("segfault-on-save", "failed", "SIGSEGV"),
        saving("killed-on-save", "failed", "SIGKILL"),
        saving("exit-on-save", "failed", "exited with 1"),
        saving("exception-on-save", "failed", "no label"),
        saving("slow-8s", "failed", "no label"),
        saving("focus-lost", "failed", "Groceries"),
        saving("swallowed-letters", "failed", "typed `Groceries`"),
        saving("doubled-letters", "failed", "Groceries"),
        saving("greyed-out", "failed", "is greyed out"),
        saving("button-gone", "failed", "no push button `Save`"),
        saving("button-hidden", "failed", "no push button `Save`"),
        saving("list-not-filled", "failed", "no list item `Groceries`"),
        saving("saves-nothing", "failed", "no list item `Groceries`"),
        saving("dialog-on-new", "failed", ""),
        saving("wrong-title", "failed", "no new window with `Notes`"),
        saving("no-window", "failed", ""),
        saving("off-screen", "failed", ""),
        saving("exits-at-once", "failed", "exited with 0"),
        saving("dies-at-once", "failed", "exited with 3 before"),
    ]
}

/// What other steps bring to light.
fn others() -> Vec<Row> {
    let three = "- click: {role: push button, name: New}\n".repeat(3)
        + "- verify: {role: label, name: New note}\n";
    vec![
        by("closes-on-save", "failed", "", &format!("{SAVE}- wait: 0.5\n- verify: {{window: Notes}}\n  timeout: 2\n")),
        by("crash-after-save", "failed", "SIGABRT", &format!("{SAVE}- wait: 1\n")),
        by("crash-on-third-click", "failed", "SIGABRT", &three),
        by(
            "label-goes",
            "failed",
            "",
            &format!("{SAVE}- wait: 1\n- verify: {{role: label, name: Saved Groceries}}\n  timeout: 1\n"),
        ),
        by(
            "dialog-after-save",
            "failed",
            "no window `Error`",
            &format!("{SAVE}- assert_no: {{window: Error}}\n  for: 3\n"),
        ),
        by(
            "window-goes",
            "failed",
            "",
            "- wait: 3\n- click: {role: push button, name: New}\n  timeout: 3\n",
        ),
        by(
            "saves-half",
            "failed",
            "exited with 1",
            &format!(
                "- click: {{role: text, name: Text}}\n- type: milk and eggs\n{}\
                 - shell: test \"$(cat $HOME/.local/share/notes/Groceries.txt)\" = 'milk and eggs'\n",
                SAVE.replace("- click: {role: push button, name: New}\n- verify: {role: label, name: New note}\n  timeout: 4\n", "")
            ),
        ),
        by("hangs-on-new", "blocked", "", SAVE),
        by(
            "button-renamed",
            "failed",
            "",
            "- verify: {text: Save}\n  timeout: 3\n",
        ),
        by(
            "unreadable",
            "failed",
            "`Saved Groceries` is not read",
            &format!("{SAVE}- verify: {{text: Saved Groceries}}\n  timeout: 3\n"),
        ),
    ]
}

#[test]
fn faults_of_the_app_are_failures_and_nothing_else_is() {
    let mut rows = savings();
    rows.extend(others());
    let project = lab(&rows, "");
    run("faults of the app", &rows, &project);
}
