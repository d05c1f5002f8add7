//! What scenarios are given from outside: who wins, what is missing, and that passwords stand
//! nowhere.

use super::{Scene, desktop::Desktop, script, seconds};
use mosdat::{
    model::{FileError, Files, Secret},
    port::Exit,
    scenario::{Given, Script, load_given},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// The only file there is.
struct Only(&'static str);

impl Files for Only {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        if path == Path::new("scenarios/s.yaml") {
            Ok(self.0.into())
        } else {
            Err(FileError::Missing)
        }
    }

    fn list(&self, _dir: &Path) -> Vec<PathBuf> {
        Vec::new()
    }
}

fn typed(yaml: &'static str, vars: &[(&str, &str)]) -> Script {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let given = Given {
        vars: vars.iter().map(own).collect(),
        usual: BTreeMap::from([("test_user".into(), "robot".into())]),
        ..Given::default()
    };
    load_given(&"s".into(), Path::new("scenarios"), &Only(yaml), &given).unwrap()
}

/// A scene that is given an address, a user and two passwords.
fn scene() -> Scene {
    let mut scene = Scene::new();
    scene.provided.texts = BTreeMap::from([
        ("workspace_url".into(), "https://chat.example.test".into()),
        ("test_user".into(), "robot".into()),
    ]);
    scene.provided.test_password = Some(Ok(Secret::new("Hunter 2!")));
    let other = Secret::new("of another");
    let own = Secret::new("moonrise");
    scene.provided.vm_passwords = [("other".into(), Ok(other)), ("desk".into(), Ok(own))].into();
    scene
}

#[tokio::test(start_paused = true)]
async fn what_is_given_is_filled_in_and_the_scenarios_own_wins() {
    let scene = scene();
    let yaml = "vars: {test_user: admin}\nsteps:\n\
        - shell: echo {workspace_url} {test_user} {vm_password}\n\
        - shell: echo {{ workspace_url }}/x\n";
    scene.play(yaml, async {}).await.passed();
    let shells = scene.desktop.state().shells.clone();
    assert_eq!(
        shells,
        [
            "echo https://chat.example.test admin moonrise",
            "echo https://chat.example.test/x"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_typed_wins_over_the_scenario() {
    let scene = scene();
    let yaml = "vars: {test_user: admin, n: 1}\nsteps: [{shell: 'echo {test_user} {{ n }} {n}'}]\n";
    let script = typed(yaml, &[("test_user", "typed"), ("n", "2")]);
    scene.play_script(&script, async {}).await.passed();
    assert_eq!(scene.desktop.state().shells, ["echo typed 2 2"]);
}

#[test]
fn values_are_part_of_the_scenarios_that_may_use_them() {
    let names = |yaml, vars: &[(&str, &str)]| {
        let given = typed(yaml, vars).given;
        given.into_keys().collect::<Vec<_>>().join(" ")
    };
    let plain = "steps: [{shell: 'test {title}'}]\n";
    assert_eq!(names(plain, &[("title", "a"), ("other", "b")]), "title");
    // A value may lead to another one.
    assert_eq!(names(plain, &[("title", "{test_user}")]), "test_user title");
    // The scenario's own wins over the plan file, and what was typed over both.
    let own = "vars: {test_user: me}\nsteps: [{shell: 'test {test_user}'}]\n";
    assert_eq!(names(own, &[]), "");
    assert_eq!(names(own, &[("test_user", "x")]), "test_user");
    let password = "steps: [{shell: 'test {test_password}'}]\n";
    assert_eq!(names(password, &[("test_password", "x")]), "");
    let digest = |value| typed(plain, &[("title", value)]).given["title"];
    assert_ne!(digest("a"), digest("b"));
}

#[tokio::test(start_paused = true)]
async fn what_is_needed_and_not_known_blocks_before_anything_is_done() {
    let mut scene = scene();
    scene.provided.texts.clear();
    let yaml =
        "steps: [{shell: rm x}, {if_visible: {role: dialog}, then: [{type: '{test_user}'}]}]\n";
    let told = scene.play(yaml, async {}).await;
    told.blocked("`{test_user}` is not known: set `test_user` of `[functional]`");
    assert!(scene.desktop.state().shells.is_empty());
    // A password that is said to be somewhere and is not there.
    scene.provided.test_password = Some(Err("the variable `SECRET` is not set".into()));
    let yaml = "steps: [{launch: 'x {test_password}'}]\n";
    let told = scene.play(yaml, async {}).await;
    told.blocked("`{test_password}` is not known: the variable `SECRET` is not set");
    // What is not needed may be missing.
    let yaml = "steps: [{shell: 'echo ${test_user}'}]\n";
    scene.play(yaml, async {}).await.passed();
}

/// Everything that a run with passwords leaves, in one text.
async fn left(scene: &Scene, script: &Script) -> String {
    let told = scene.play_script(script, async {}).await;
    let events = serde_json::to_string(&told.events).unwrap();
    let files = told.files.iter();
    let files = files.map(|(name, bytes)| format!("{name}: {}", String::from_utf8_lossy(bytes)));
    let files: Vec<String> = files.collect();
    format!("{events}\n{}\n{:?}", files.join("\n"), told.outcome)
}

#[tokio::test(start_paused = true)]
async fn passwords_stand_in_no_event_no_evidence_and_no_name_of_a_file() {
    let says = |desktop: &Desktop| {
        desktop.state().on_shell = |_, _| (seconds(1.0), Some(Exit::Code(1)), "no: Hunter 2!\n");
        desktop.state().add("label", "Hunter 2! is wrong");
    };
    let scene = scene();
    says(&scene.desktop);
    let yaml = "steps:\n- label: 'sign in with {test_password}'\n  shell: 'x {test_password}'\n";
    let left_of_it = left(&scene, &script(yaml)).await;
    for word in ["Hunter", "hunter"] {
        assert!(!left_of_it.contains(word), "{left_of_it}");
    }
    for word in ["sign in with (secret)", "no: (secret)", "(secret) is wrong"] {
        assert!(left_of_it.contains(word), "`{word}` of {left_of_it}");
    }
    assert_eq!(scene.desktop.state().shells, ["x Hunter 2!"]);
    // The same for one that was typed, also where a template asks for it.
    let mut scene = self::scene();
    scene.provided.test_password = None;
    says(&scene.desktop);
    let yaml = "steps:\n- shell: 'x {{ test_password }}'\n";
    let script = typed(yaml, &[("test_password", "Hunter 2!")]);
    let left_of_it = left(&scene, &script).await;
    for word in ["Hunter", "hunter"] {
        assert!(!left_of_it.contains(word), "{left_of_it}");
    }
    assert_eq!(scene.desktop.state().shells, ["x Hunter 2!"]);
}
