//! Scenarios as people write them: what is read, and how mistakes are told.

use mosdat::{
    model::{
        ContentHash, Diagnostic, FileError, Files, NodeQuery, ScenarioName, Scenarios as _, Session,
    },
    scenario::{Action, Check, Quantifier, ScenarioFolder, Script, SmokeCheck, Target, load},
};
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Files of a project that lie in memory.
#[derive(Clone, Default)]
struct Memory(BTreeMap<PathBuf, Vec<u8>>);

impl Memory {
    fn with(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.0
            .insert(Path::new("scenarios").join(path), bytes.into());
        self
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        self.0.get(path).cloned().ok_or(FileError::Missing)
    }

    fn list(&self, dir: &Path) -> Vec<PathBuf> {
        self.0
            .keys()
            .filter(|path| path.starts_with(dir))
            .cloned()
            .collect()
    }
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

fn read(text: &str) -> Result<Script, Vec<Diagnostic>> {
    let files = Memory::default()
        .with("a/note.yaml", text)
        .with("a/badge.png", PNG);
    let files = files.with("a/broken.png", "GIF89a");
    load(&"a/note".into(), Path::new("scenarios"), &files)
}

/// Returns the mistakes in `text` as they would be shown.
fn mistakes(text: &str) -> String {
    told(&read(text).unwrap_err())
}

fn told(found: &[Diagnostic]) -> String {
    let mut told = String::new();
    for one in found {
        if let Some(place) = &one.place {
            write!(told, "{}:{}+{} ", place.line, place.column, place.length).unwrap();
        }
        write!(told, "{:?}: {}", one.severity, one.message).unwrap();
        if let Some(hint) = &one.hint {
            write!(told, " ({hint})").unwrap();
        }
        told.push('\n');
    }
    told
}

/// Returns the only step of a scenario that has it.
fn step(text: &str) -> Action {
    let script = read(&format!("steps:\n- {text}\n- shell: 'true'\n"));
    let script = script.unwrap_or_else(|found| panic!("{}", told(&found)));
    script.steps[0].action.clone()
}

#[test]
fn a_scenario_is_read_into_typed_steps() {
    let script = read(
        r#"
name: Notes
session: x11
vars: {title: Groceries, count: 3}
steps:
  - launch: "{app_path} --new '{title} list'"
    window: Notes
    timeout: 12.5
  # ── Make a note ──
  - click: {role: push button, name: New}
  - click: {anchor: badge.png}
    button: right
    double: true
  - type: "{title}"
  - key: ctrl+s
  - wait: 0.5
  - shell: |
      # looks for the file
      test -f "$HOME/{title}"
      true
  - verify: {role: label, name: "{count} notes", text: Milk, app: notes}
    label: The note is counted
  - verify: {window: Error, absent: true}
  - wait_for: {all: [{role: label}, {anchor: badge.png}], timeout: 4}
cleanup:
  - shell: rm -f x
"#,
    )
    .unwrap();
    let mut shown = String::new();
    for step in script.steps.iter().chain(&script.cleanup) {
        let seconds = step.timeout.as_secs_f64();
        writeln!(
            shown,
            "{} {} [{seconds} s] {}",
            step.line, step.label, step.action
        )
        .unwrap();
    }
    insta::assert_snapshot!(shown, @r#"
    6 launch `{app_path} --new {title} list` [12.5 s] launch `{app_path} --new {title} list`
    10 Make a note [10 s] click push button `New`
    11 double-right-click picture `a/badge.png` [10 s] double-right-click picture `a/badge.png`
    14 type `{title}` [10 s] type `{title}`
    15 press ctrl+s [10 s] press ctrl+s
    16 wait 0.5 s [0.5 s] wait 0.5 s
    17 run `test -f "$HOME/{title}"…` [60 s] run `test -f "$HOME/{title}"…`
    21 The note is counted [10 s] verify label `{count} notes` holding `Milk` of `notes`
    23 verify no window `Error` [10 s] verify no window `Error`
    24 wait for label and picture `a/badge.png` [4 s] wait for label and picture `a/badge.png`
    26 run `rm -f x` [60 s] run `rm -f x`
    "#);
    assert_eq!(script.title, "Notes");
    assert_eq!(script.needs_session, Some(Session::X11));
    let files: Vec<_> = script.files.into_iter().collect();
    assert_eq!(files[0], ("a/badge.png".into(), ContentHash::of(PNG)));
    assert_eq!(files[1].0, "a/note.yaml");
}

#[test]
fn a_launch_is_split_before_variables_are_replaced() {
    let Action::Launch { words, window } = step("launch: \"'{app_path}' {app_args} 'a b'\"") else {
        panic!("no launch");
    };
    assert_eq!(words, ["{app_path}", "{app_args}", "a b"]);
    assert_eq!(window, None);
}

#[test]
fn the_older_names_of_keys_still_work() {
    assert_eq!(step("then_key: Return"), step("key: Return"));
    assert_eq!(step("then_type: x"), step("type: x"));
    assert_eq!(
        step("{launch: x, launch_window: y, launch_timeout: 3}"),
        step("{launch: x, window: y, timeout: 3}")
    );
    assert_eq!(
        step("atspi: {role: entry, name: a, app_filter: b}"),
        step("click: {role: entry, name: a, app: b}")
    );
}

#[test]
fn a_name_is_a_part_only_where_that_is_said_or_was_always_so() {
    let parts = [
        ("verify: {role: entry, name: a}", false),
        ("verify: {role: entry, name: a, name_substr: true}", true),
        ("verify_atspi: {role: entry, name: a}", true),
        (
            "verify_atspi: {role: entry, name: a, name_substr: false}",
            false,
        ),
    ];
    for (text, expected) in parts {
        let Action::Verify(Check {
            target: Target::Node(NodeQuery { name_is_part, .. }),
            ..
        }) = step(text)
        else {
            panic!("no node");
        };
        assert_eq!(name_is_part, expected, "{text}");
    }
}

#[test]
fn wait_for_hands_its_app_and_timeout_down() {
    let text = "steps: [{wait_for: {any: [{role: frame}, {role: frame, app: b}], app_filter: a}}]";
    let script = read(text).unwrap();
    let Action::WaitFor { quantifier, checks } = &script.steps[0].action else {
        panic!("no wait_for");
    };
    assert_eq!(*quantifier, Quantifier::Any);
    let apps: Vec<&str> = checks
        .iter()
        .map(|check| match &check.target {
            Target::Node(query) => query.app.as_str(),
            Target::Anchor(_) | Target::Window(_) => panic!("no node"),
        })
        .collect();
    assert_eq!(apps, ["a", "b"]);
    assert_eq!(script.steps[0].timeout, Duration::from_secs(15));
    let script = read(&text.replace("app_filter: a", "timeout: 7")).unwrap();
    assert_eq!(script.steps[0].timeout, Duration::from_secs(7));
}

#[test]
fn variables_reach_every_text_of_a_step() {
    let text = "steps:\n- label: for {who}\n  wait_for: {all: [{role: '{r}', name: '{who}', \
        text: '{who}', app: '{who}'}, {window: '{who}'}]}";
    let variables = [("who", "me"), ("r", "label")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    let filled = read(text).unwrap().steps[0].filled(&variables.into());
    assert_eq!(filled.label, "for me");
    insta::assert_snapshot!(filled.action, @"wait for label `me` holding `me` of `me` and window `me`");
}

#[test]
fn every_mistake_is_told_at_once_with_its_place() {
    insta::assert_snapshot!(
        mistakes(
            "nmae: x\n\
             vars: {app_path: x, a-b: 1, list: []}\n\
             steps:\n\
             - clik: {role: button}\n\
             - key: ctrl+Retrun\n\
             - key: a\n  type: b\n\
             - label: nothing\n\
             - wait: soon\n\
             - wait: -1\n\
             - shell: ''\n\
             - just a text\n\
             - click: Save\n\
             - click: {rol: push button, name: Save}\n\
             - click: {window: Notes}\n\
             - click: {anchor: gone.png}\n\
             - click: {anchor: broken.png}\n\
             - click: {anchor: ../../x.png}\n\
             - click: {role: x, anchor: badge.png}\n\
             - verify: {name: Save}\n\
             - verify: the note is open\n\
             - localize: the button\n\
             - routine: cleanup\n\
             - verify: {role: label, absent: yes}\n\
             - wait_for: {any: [], all: []}\n\
             - wait_for: {timeout: 3}\n\
             - {wait: 3, timeout: 2}\n\
             - {shell: x, window: y, double: true}\n\
             - launch: \"'open\"\n\
             - !import x\n"
        ),
        @"
        1:1+4 Error: a scenario has no key `nmae` (did you mean `name`?)
        2:8+8 Error: `app_path` is set by mosdat
        2:21+3 Error: `a-b` cannot be a variable's name (names are letters, digits and `_`)
        2:35+1 Error: `list` must be a text, not a list
        4:3+4 Error: a step has no key `clik` (did you mean `click`?)
        5:8+11 Error: `Retrun` is not a key (did you mean `Return`?)
        7:3+4 Error: a step does one thing, not `key` and `type` (make a step of each)
        8:3+14 Error: the step does nothing (add one of `shell`, `launch`, `key`, `type`, `wait`, `click`, `verify`, `wait_for`)
        9:9+4 Error: `wait` must be a number of seconds, not a text
        10:9+2 Error: `wait` must be above 0 and at most 86400 seconds
        11:10+2 Error: `shell` is empty
        12:3+11 Error: a step is a map, not a text (a step reads like `- key: ctrl+s`)
        13:10+4 Error: `click` must say on what, as a map (for instance `click: {role: push button, name: Save}`)
        14:10+29 Error: a widget needs a `role` (add it, for instance `role: push button`)
        14:11+3 Error: `click` has no key `rol` (did you mean `role`?)
        15:11+6 Error: a window cannot be clicked as a whole (click on a widget or a picture in it)
        16:19+8 Error: failed to read the picture `a/gone.png`: no such file
        17:19+10 Error: `a/broken.png` is no PNG picture
        18:19+11 Error: `../../x.png` lies outside the scenario folder (keep pictures beside the scenario)
        19:10+27 Error: this asks for several sorts of thing at once (a widget has a `role`, a picture an `anchor`, a window a `window`)
        19:17+1 Warning: no toolkit is known to use the role `x`
        20:11+11 Error: a widget needs a `role` (add it, for instance `role: push button`)
        21:11+16 Error: `verify` with a statement needs a vision model, which this version does not drive yet (say what to look for: `{role: label, name: ..}`, `{anchor: x.png}` or `{window: ..}`)
        22:13+10 Error: `localize` with a statement needs a vision model, which this version does not drive yet (say what to look for: `{role: label, name: ..}`, `{anchor: x.png}` or `{window: ..}`)
        23:3+7 Error: `routine` is not known to this version yet
        24:33+3 Error: `absent` must be `true` or `false`, not a text
        25:3+8 Error: `wait_for` needs either `any` or `all`, with a list
        25:14+3 Error: `any` is empty: nothing to wait for
        25:23+3 Error: `all` is empty: nothing to wait for
        26:3+8 Error: `wait_for` needs either `any` or `all`, with a list
        27:4+4 Error: the step waits longer than its `timeout`
        28:14+6 Error: `window` belongs to `launch`, not to `shell`
        28:25+6 Error: `double` belongs to `click`, not to `shell`
        29:11+7 Error: `launch` cannot be split into words: a quote is not closed
        30:3+9 Error: the tag `!import` is not known to this version
        "
    );
}

#[test]
fn what_does_nothing_is_worth_a_warning() {
    let script = read(
        "steps:\n- {verify: {role: push buton}, retries: 3}\n\
         - wait_for: {any: [{role: frame}], interval: 0.5}\nmotto: x\ntags: [a]\n",
    );
    insta::assert_snapshot!(told(&script.unwrap().warnings), @"
    2:19+10 Warning: no toolkit is known to use the role `push buton` (did you mean `push button`?)
    2:32+7 Warning: `retries` does nothing: a step goes on until its `timeout`
    3:36+8 Warning: `interval` does nothing: every change is looked at when it happens
    4:1+5 Warning: `motto` does nothing
    ");
}

#[test]
fn a_scenario_that_cannot_fail_is_refused() {
    for (text, told) in [
        (
            "steps:\n- wait: 1\n- key: a\n- type: b\n",
            "nothing in the scenario can fail",
        ),
        ("steps: []\n", "`steps` is empty"),
        ("name: x\n", "has no `steps`"),
        ("", "the file is empty"),
        (
            "steps: [{key: a}]\ncleanup: [{shell: x}]",
            "nothing in the scenario can fail",
        ),
    ] {
        let found = mistakes(text);
        assert!(found.contains(told), "{text:?}: {found}");
    }
}

#[test]
fn what_is_no_yaml_is_told_with_its_place() {
    insta::assert_snapshot!(
        [
            "steps:\n\t- wait: 1\n",
            "steps:\n- shell: a\n  shell: b\n",
            "steps:\n- shell: 'a\n",
            "a: 1\n---\nb: 2\n",
            "- a\n",
        ]
        .map(mistakes)
        .concat(),
        @"
        2:2+1 Error: this is no YAML: tabs disallowed within this context (block indentation) (YAML is indented with spaces, never with tabs)
        3:3+1 Error: this is no YAML: duplicated key in mapping
        2:10+1 Error: this is no YAML: while scanning a quoted scalar, found unexpected end of stream
        3:1+4 Error: a file holds one scenario, and this one holds several documents
        1:1+3 Error: a scenario is a map (it begins with `steps:`)
        "
    );
}

#[test]
fn a_template_in_double_braces_is_refused_where_it_would_be_typed() {
    let text = "vars: {who: me}\nsteps:\n- shell: echo '{{ who }}' '{{ .Names }}'\n";
    insta::assert_snapshot!(mistakes(text), @"3:10+31 Error: `{{ who }}` is not read by this version (write `{who}`)");
}

#[test]
fn a_folder_knows_its_scenarios_and_the_smoke_checks() {
    let files = Memory::default()
        .with("b/c.yaml", "steps: [{shell: x}]\nsession: wayland")
        .with("a.yaml", "steps: []")
        .with("a.yml", "")
        .with(".hidden/x.yaml", "");
    let folder = ScenarioFolder::new("scenarios".into(), Arc::new(files));
    let names: Vec<String> = folder.names().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(names.join(" "), @"a b/c smoke/no-display smoke/wayland-fake smoke/wayland-nodisp smoke/wayland-real smoke/x11");

    let described = folder.describe(&"b/c".into()).unwrap();
    assert_eq!(described.needs_session, Some(Session::Wayland));
    assert_eq!(described.files.keys().collect::<Vec<_>>(), ["b/c.yaml"]);
    insta::assert_snapshot!(told(&folder.describe(&"b/cc".into()).unwrap_err()), @"Error: there is no scenario `b/cc` (did you mean `b/c`?)");
    assert!(folder.describe(&"a".into()).is_err());
}

#[test]
fn a_smoke_check_is_described_by_its_rules() {
    let folder = ScenarioFolder::new("scenarios".into(), Arc::new(Memory::default()));
    let mut digests = Vec::new();
    for check in SmokeCheck::ALL {
        let name: ScenarioName = check.name().into();
        let described = folder.describe(&name).unwrap();
        assert_eq!(described.needs_session, check.needs_session());
        assert_eq!(described.files.len(), 1);
        digests.push(described.files[name.as_str()]);
    }
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), SmokeCheck::ALL.len());
}

#[test]
fn a_file_cannot_pose_as_a_smoke_check() {
    let files = Memory::default().with("smoke/x11.yaml", "steps: [{shell: x}]");
    let folder = ScenarioFolder::new("scenarios".into(), Arc::new(files));
    let found = folder.describe(&"smoke/x11".into()).unwrap_err();
    assert!(
        found[0].message.contains("built-in"),
        "{}",
        found[0].message
    );
}

#[test]
fn the_digest_covers_every_file_that_was_read() {
    let digests = |png: &[u8]| {
        let text = "steps: [{click: {anchor: x.png}}]";
        let files = Memory::default().with("n.yaml", text).with("x.png", png);
        load(&"n".into(), Path::new("scenarios"), &files)
            .unwrap()
            .files
    };
    assert_ne!(digests(PNG), digests(&[PNG, b"!"].concat()));
}

#[test]
fn every_example_in_the_documentation_is_read() {
    let page = std::fs::read_to_string("docs/scenarios.md").unwrap();
    let examples: Vec<&str> = page
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(examples.len() > 5, "the page has lost its examples");
    for example in examples {
        // Steps alone need a scenario around them, and something in it that can fail.
        let text = if example.starts_with("- ") {
            format!("steps:\n{example}\n- shell: 'true'\n")
        } else {
            example.to_owned()
        };
        let script = read(&text).unwrap_or_else(|found| panic!("{text}\n{}", told(&found)));
        assert!(script.warnings.is_empty(), "{}", told(&script.warnings));
    }
}

/// A document with all there is in it, to be mutated.
const WHOLE: &str = "name: n\nvars: {a: 1}\nsteps:\n# ── t ──\n- launch: '{app_path}'\n  window: x\n\
    - click: {role: push button, name: New}\n- key: ctrl+s\n- wait: 0.5\n- shell: |\n    é\n\
    - wait_for: {any: [{role: x, absent: true}], timeout: 1}\n";

proptest! {
    #[test]
    fn no_document_brings_the_reader_down(
        cuts in proptest::collection::vec((0..WHOLE.len(), 0..WHOLE.len(), ".{0,3}"), 0..6)
    ) {
        let mut text = WHOLE.to_owned();
        for (from, to, put) in cuts {
            let from = text.floor_char_boundary(from.min(text.len()));
            let to = text.floor_char_boundary(to.clamp(from, text.len()).min(from + 12));
            text.replace_range(from..to.max(from), &put);
        }
        let _read = read(&text);
    }

    #[test]
    fn no_text_brings_the_reader_down(text in "[ \\-?:#{}\\[\\]a'\"|>&*!%\t\r\n]{0,60}") {
        let _read = read(&text);
    }
}
