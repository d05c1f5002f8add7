//! Variables of scenarios that are typed, or said in the plan file.

use crate::project::{FLEET, Project, Ran};

const TITLED: &str = "vars: {title: Milk}\nsteps: [{shell: 'test {title}'}]\n";

/// A simulated machine, with one scenario that has a title, and one that signs in.
fn project() -> Project {
    let project = Project::new(FLEET);
    project.edit_plan(
        "\"smoke/x11\", \"smoke/wayland-fake\"",
        "\"titled\", \"signed\"",
    );
    project.write("scenarios/titled.yaml", TITLED);
    project.write(
        "scenarios/signed.yaml",
        "steps: [{shell: 'x {workspace_url} {test_user} {test_password}'}]\n",
    );
    project.edit_plan(
        "[sim]",
        "[functional]\nworkspace_url = \"https://a\"\ntest_password = \"hunter2\"\n[sim]",
    );
    project
}

/// What would run, without what it rests on.
fn due(project: &Project, options: &[&str]) -> String {
    let arguments = [&["plan", "plan.toml"], options].concat();
    let plan = project.ok(&arguments);
    let lines = plan.lines().filter(|line| line.contains(":exercise"));
    let lines = lines.map(|line| line.trim().replace("sha256:", ""));
    let words = lines.map(|line| {
        line.split_whitespace()
            .take(5)
            .collect::<Vec<_>>()
            .join(" ")
    });
    words.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_value_that_changes_runs_what_uses_it_again_and_nothing_else() {
    let project = project();
    project.ok(&["apply", "plan.toml", "--yes"]);
    assert_eq!(due(&project, &[]), "");
    insta::assert_snapshot!(due(&project, &["--var", "title=Bread"]), @r"
    ~ debian12/none/main.deb/titled:exercise variable title is
    ~ fedora42/none/main.rpm/titled:exercise variable title is
    ");
    project.ok(&["apply", "plan.toml", "--yes", "--var", "title=Bread"]);
    assert_eq!(due(&project, &["--var", "title=Bread"]), "");
    insta::assert_snapshot!(due(&project, &["--var", "title=Jam"]), @r"
    ~ debian12/none/main.deb/titled:exercise variable title changed:
    ~ fedora42/none/main.rpm/titled:exercise variable title changed:
    ");
    project.edit_plan("https://a", "https://b");
    insta::assert_snapshot!(due(&project, &["--var", "title=Bread"]), @r"
    ~ debian12/none/main.deb/signed:exercise variable workspace_url changed:
    ~ fedora42/none/main.rpm/signed:exercise variable workspace_url changed:
    ");
    let why = project.ok(&["why", "debian12/none/main.deb/signed:exercise", "plan.toml"]);
    assert!(why.contains("variable workspace_url"), "{why}");
}

#[test]
fn the_environment_says_what_the_plan_file_leaves_out() {
    let project = project();
    let with = |user: &str| {
        let mut command = project.command(&["plan", "plan.toml", "--detailed-exitcode"]);
        let command = command.env("FUNCTIONAL_TEST_USER", user);
        let command = command.env("FUNCTIONAL_WORKSPACE_URL", "https://not-this");
        Ran::from(command.output().unwrap())
    };
    let mut command = project.command(&["apply", "plan.toml", "--yes"]);
    let applied = command
        .env("FUNCTIONAL_TEST_USER", "robot")
        .output()
        .unwrap();
    assert!(applied.status.success());
    assert_eq!(with("robot").code, Some(0), "{}", with("robot").out);
    let changed = with("other");
    assert_eq!(changed.code, Some(2));
    assert!(
        changed.out.contains("variable test_user"),
        "{}",
        changed.out
    );
}

#[test]
fn a_password_is_in_no_hash_and_nowhere_in_the_state() {
    let project = project();
    project.ok(&["apply", "plan.toml", "--yes"]);
    project.edit_plan("hunter2", "moonrise");
    assert_eq!(due(&project, &[]), "");
    assert_eq!(due(&project, &["--var", "test_password=hunter3"]), "");
    project.ok(&[
        "plan",
        "plan.toml",
        "--out",
        "saved",
        "--var",
        "test_password=hunter3",
    ]);
    let pulled = project.ok(&["state", "pull", "plan.toml"]);
    let saved = std::fs::read_to_string(project.path().join("saved")).unwrap();
    for text in [pulled, saved] {
        assert!(
            !text.contains("hunter") && !text.contains("test_password"),
            "{text}"
        );
    }
}

#[test]
fn a_saved_plan_keeps_its_variables() {
    let project = project();
    let out = ["--out", "saved", "--var", "title=Bread"];
    project.ok(&[&["plan", "plan.toml"], &out[..]].concat());
    let other = project.run(&["apply", "saved", "--var", "title=Jam"]);
    assert_eq!(other.code, Some(5), "{}", other.err);
    project.ok(&["apply", "saved"]);
    assert_eq!(due(&project, &["--var", "title=Bread"]), "");
}

#[test]
fn variables_that_cannot_be_meant_are_told() {
    let project = project();
    let refused = |options: &[&str]| {
        let ran = project.run(&[&["plan", "plan.toml"], options].concat());
        assert_eq!(ran.code, Some(1), "{}", ran.out);
        ran.err
    };
    insta::assert_snapshot!(refused(&["--var", "title=a", "--var", "title=b"]), @"error: `--var title` is given twice");
    insta::assert_snapshot!(refused(&["--var", "title"]), @"error: `--var` takes `KEY=VALUE`, and one of them has no `=`");
    insta::assert_snapshot!(refused(&["--var", "app_path=x"]), @"error: `app_path` cannot be set by `--var`: it is set by mosdat");
    let ran = project.run(&["plan", "plan.toml", "--var", "titel=a"]);
    assert_eq!(ran.code, Some(0));
    insta::assert_snapshot!(ran.err, @"warning: no scenario uses the variable `titel`");
}

#[test]
fn lint_takes_what_will_be_given() {
    let project = project();
    project.write(
        "scenarios/titled.yaml",
        "steps: [{shell: 'test {{ title }}'}]\nvars: {a: 1}\n",
    );
    assert_eq!(project.run(&["lint", "titled"]).code, Some(1));
    project.ok(&["lint", "titled", "--var", "title=Milk", "--strict"]);
    project.ok(&["lint", "signed", "--strict"]);
}
