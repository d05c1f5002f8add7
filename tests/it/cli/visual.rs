//! `mosdat visual`, on the folder of a run.

use crate::{
    likeness::painted::{INK, Painted, settings},
    project::{FLEET, Project},
};
use mosdat::{
    judge::png,
    model::{Event, EvidenceKind, Reason, StepKey, Timestamp, Verdict},
};
use std::fs;

const KEY: &str = "x11/none/main.deb/notes/new:exercise";

/// The folder of a run with one picture of each step.
struct Run<'a> {
    project: &'a Project,
    name: &'a str,
    events: Vec<Event>,
}

impl<'a> Run<'a> {
    fn new(project: &'a Project, name: &'a str) -> Self {
        Self {
            project,
            name,
            events: Vec::new(),
        }
    }

    fn begin(mut self, key: &str, attempt: u32) -> Self {
        self.events.push(Event::StepStarted {
            key: StepKey::new(key),
            reason: Reason::New,
            attempt,
            at: Timestamp(0),
            lease: None,
        });
        self
    }

    fn shot(mut self, key: &str, name: &str, screen: &Painted) -> Self {
        let file = format!(
            "evidence/{}/{name}.png",
            key.replace('/', "~").replace(':', "=")
        );
        let path = self.project.path().join(self.name).join(&file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, png(&screen.frame())).unwrap();
        self.events.push(Event::Evidence {
            key: StepKey::new(key),
            at: Timestamp(0),
            kind: EvidenceKind::Frame,
            label: name.into(),
            file,
        });
        self
    }

    fn end(mut self, key: &str, verdict: Verdict) -> Self {
        self.events.push(Event::StepFinished {
            key: StepKey::new(key),
            verdict,
            detail: String::new(),
            attempts: 1,
            at: Timestamp(0),
            duration_ms: 1,
        });
        let lines = self.events.iter();
        let lines: Vec<_> = lines
            .map(|event| serde_json::to_string(event).unwrap() + "\n")
            .collect();
        self.project
            .write(&format!("{}/events.jsonl", self.name), &lines.concat());
        self
    }
}

/// A passed run of two steps.
fn good(project: &Project, name: &str, key: &str) {
    Run::new(project, name)
        .begin(key, 1)
        .shot(key, "01-launch", &Painted::new(400, 300))
        .shot(key, "02-click-save", &settings())
        .end(key, Verdict::Passed);
}

/// A passed run in which a check mark is missing.
fn changed(project: &Project, name: &str, key: &str) {
    let mut screen = settings();
    screen.check_box(20, 70, "Start minimized to tray", false);
    Run::new(project, name)
        .begin(key, 1)
        .shot(key, "01-launch", &Painted::new(400, 300))
        .shot(key, "02-click-save", &screen)
        .end(key, Verdict::Passed);
}

const APPROVED: &str = "shared/references/notes/new/x11~none~400x300";

#[test]
fn what_was_captured_is_the_same_with_the_next_build_and_not_on_another_machine() {
    let project = Project::new(FLEET);
    good(&project, "one", KEY);
    let out = project.ok(&["visual", "--capture", "one"]);
    assert!(out.contains("2 captured of 2 pictures"), "{out}");
    let approved = project.path().join(APPROVED);
    assert!(approved.join("02-click-save.png").is_file());
    assert!(approved.join("02-click-save.json").is_file());
    good(&project, "two", "x11/none/next.deb/notes/new:exercise");
    let out = project.ok(&["visual", "--check", "two"]);
    assert!(out.contains("2 same"), "{out}");
    good(
        &project,
        "three",
        "fedora42/none/main.rpm/notes/new:exercise",
    );
    let ran = project.run(&["visual", "--check", "three"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("2 missing"), "{}", ran.out);
}

#[test]
fn a_difference_is_not_passed_and_shown_side_by_side_and_blinking() {
    let project = Project::new(FLEET);
    good(&project, "one", KEY);
    project.ok(&["visual", "--capture", "one"]);
    changed(&project, "two", KEY);
    let ran = project.run(&["visual", "--check", "two"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("1 differs, 1 same"), "{}", ran.out);
    assert!(ran.out.contains("notes/new/02-click-save"), "{}", ran.out);
    let shown: Vec<_> = fs::read_dir(project.path().join("two/visual"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(shown.len(), 2, "{shown:?}");
    let page = shown
        .iter()
        .find(|path| path.extension().unwrap() == "html")
        .unwrap();
    let page = fs::read_to_string(page).unwrap();
    assert_eq!(page.matches("data:image/png;base64,").count(), 3);
    assert!(
        !page.contains("http"),
        "it must need nothing from elsewhere"
    );
    // What was shown is no picture of the run.
    let again = project.run(&["visual", "--check", "two"]);
    assert_eq!(again.out, ran.out);
    project.ok(&["visual", "--check", "two", "--visible", "5000"]);
}

#[test]
fn nothing_is_approved_anew_without_agreement_and_masks_stay() {
    let project = Project::new(FLEET);
    good(&project, "one", KEY);
    project.ok(&["visual", "--capture", "one"]);
    let notes = format!("{APPROVED}/02-click-save.json");
    let masked = r#"{"format_version":1,"masks":[{"x":390,"y":0,"width":10,"height":10}]}"#;
    project.write(&notes, masked);
    changed(&project, "two", KEY);
    let out = project.ok(&["visual", "--capture", "two"]);
    assert!(out.contains("0 captured of 2"), "{out}");
    let refused = project.run(&["visual", "--accept", "two"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.out.contains("replaces  notes/new/02-click-save"));
    assert_eq!(project.run(&["visual", "--check", "two"]).code, Some(1));
    let unknown = project.run(&["visual", "--accept", "two", "notes/old", "--yes"]);
    assert_eq!(unknown.code, Some(1));
    project.ok(&["visual", "--accept", "two", "new/02", "--yes"]);
    project.ok(&["visual", "--check", "two"]);
    let kept = fs::read_to_string(project.path().join(&notes)).unwrap();
    assert!(kept.contains("390"), "{kept}");
}

#[test]
fn a_picture_that_is_not_there_any_more_is_not_passed() {
    let project = Project::new(FLEET);
    good(&project, "one", KEY);
    project.ok(&["visual", "--capture", "one"]);
    Run::new(&project, "two")
        .begin(KEY, 1)
        .shot(KEY, "01-launch", &Painted::new(400, 300))
        .end(KEY, Verdict::Passed);
    let ran = project.run(&["visual", "--check", "two"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("1 same, 1 unseen"), "{}", ran.out);
}

#[test]
fn what_failed_is_never_approved() {
    let project = Project::new(FLEET);
    for (name, verdict) in [("failed", Verdict::Failed), ("blocked", Verdict::Blocked)] {
        Run::new(&project, name)
            .begin(KEY, 1)
            .shot(KEY, "01-launch", &settings())
            .end(KEY, verdict);
        for what in [["--capture", name], ["--accept", name]] {
            let out = project.ok(&["visual", what[0], what[1]]);
            assert!(out.contains("left out"), "{out}");
        }
    }
    assert!(!project.path().join("shared").exists());
}

#[test]
fn the_last_attempt_counts_under_the_name_of_the_first() {
    let project = Project::new(FLEET);
    good(&project, "one", KEY);
    project.ok(&["visual", "--capture", "one"]);
    Run::new(&project, "two")
        .begin(KEY, 1)
        .shot(KEY, "01-launch", &settings())
        .begin(KEY, 2)
        .shot(KEY, "01-launch-2", &Painted::new(400, 300))
        .shot(KEY, "02-click-save", &settings())
        .end(KEY, Verdict::Flaky);
    let out = project.ok(&["visual", "--check", "two"]);
    assert!(out.contains("2 same"), "{out}");
}

#[test]
fn what_changes_by_itself_is_learned() {
    let project = Project::new(FLEET);
    good(&project, "one", KEY);
    project.ok(&["visual", "--capture", "one"]);
    let mut clock = settings();
    clock.text(300, 10, "12:01", [255, 255, 255]);
    let run = |name: &str, screen: &Painted| {
        Run::new(&project, name)
            .begin(KEY, 1)
            .shot(KEY, "01-launch", &Painted::new(400, 300))
            .shot(KEY, "02-click-save", screen)
            .end(KEY, Verdict::Passed);
    };
    run("two", &clock);
    let out = project.ok(&["visual", "--learn", "two"]);
    assert!(out.contains("masked    notes/new/02-click-save"), "{out}");
    project.ok(&["visual", "--check", "two"]);
    clock.fill(crate::likeness::rect(100, 100, 20, 20), INK);
    run("three", &clock);
    assert_eq!(project.run(&["visual", "--check", "three"]).code, Some(1));
}

#[test]
fn a_folder_with_nothing_but_pictures_is_compared_by_its_name() {
    let project = Project::new(FLEET);
    for dir in ["a/vm", "b/vm"] {
        let path = project.path().join(dir);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("step_0.png"), png(&settings().frame())).unwrap();
    }
    project.ok(&["visual", "--capture", "a/vm", "--refs-dir", "approved"]);
    let file = project.path().join("approved/vm/400x300/step_0.png");
    assert!(file.is_file());
    project.ok(&["visual", "--check", "b/vm", "--refs-dir", "approved"]);
    // Nothing to look at is no success.
    fs::create_dir(project.path().join("empty")).unwrap();
    assert_eq!(project.run(&["visual", "--check", "empty"]).code, Some(1));
    assert_eq!(project.run(&["visual", "--check", "nowhere"]).code, Some(1));
}

#[test]
fn what_is_damaged_or_makes_no_sense_is_refused() {
    let project = Project::new(FLEET);
    good(&project, "one", KEY);
    project.ok(&["visual", "--capture", "one"]);
    let notes = format!("{APPROVED}/02-click-save.json");
    project.write(&notes, "{\"format_version\":1,\"mask\":[]}");
    let ran = project.run(&["visual", "--check", "one"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("02-click-save.json"), "{}", ran.err);
    let all = r#"{"format_version":1,"masks":[{"x":0,"y":0,"width":400,"height":300}]}"#;
    project.write(&notes, all);
    let ran = project.run(&["visual", "--check", "one"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("masks cover all of it"), "{}", ran.out);
    for wrong in [
        &["visual"][..],
        &["visual", "--check", "one", "--capture", "one"],
        &["visual", "--check", "one", "--threshold", "nan"],
        &["visual", "--check", "one", "--threshold", "95"],
    ] {
        assert_eq!(project.run(wrong).code, Some(1), "{wrong:?}");
    }
}
