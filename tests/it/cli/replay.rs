//! `mosdat replay`: stored pictures are judged anew, without any machine.

use crate::{
    likeness::painted::{INK, Painted, settings},
    project::{FLEET, Project, Ran},
    vlm::server::Model,
};
use mosdat::{
    judge::{Picture, png},
    model::{
        Answer, Event, EvidenceKind, Reason, Rect, Sight, SightKind, StepKey, Timestamp, Verdict,
    },
};
use std::fs;

const KEY: &str = "debian12/none/main.deb/notes:exercise";

fn sight(kind: SightKind, what: &str, picture: &str) -> Sight {
    Sight {
        kind,
        what: what.into(),
        is_absent: false,
        answer: Answer::No,
        why: "nowhere".into(),
        by: String::new(),
        score: None,
        place: None,
        second: None,
        area: None,
        is_exact_only: false,
        slack: 0,
        ignores_case: false,
        duration_ms: 1,
        picture: picture.into(),
        anchor: String::new(),
        read: String::new(),
    }
}

/// A run with a picture on which an anchor is, a part of it in other colours, and one that is not.
fn project() -> Project {
    let project = Project::new(FLEET);
    let screen = settings();
    let part = Rect {
        x: 15,
        y: 65,
        width: 150,
        height: 24,
    };
    let keep = |name: &str, bytes: &[u8]| {
        let path = project.path().join("run/evidence").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        format!("evidence/{name}")
    };
    let crop = |screen: &Painted| Picture::crop(&screen.frame(), part).unwrap().png();
    let mut faint = settings();
    faint.map(|x, y, colour| {
        colour.map(|value| value.saturating_sub(((x * 31 + y * 17) % 29) as u8))
    });
    let mut other = Painted::new(400, 300);
    other.text(20, 70, "Nothing of the kind", INK);
    let picture = keep("01-look.png", &png(&screen.frame()));
    let mut sights = Vec::new();
    for (name, anchor) in [("same", &screen), ("faint", &faint), ("other", &other)] {
        let mut one = sight(SightKind::Anchor, name, &picture);
        one.anchor = keep(&format!("{name}.anchor"), &crop(anchor));
        sights.push(one);
    }
    let mut gone = sights[2].clone();
    gone.is_absent = true;
    let told = [
        vec![sights[0].clone()],
        vec![sights[1].clone()],
        vec![sights[2].clone()],
        vec![gone],
        vec![
            sights[0].clone(),
            sight(SightKind::Statement, "the ink is blue", &picture),
        ],
        vec![sight(SightKind::Widget, "label `Done`", "")],
    ];
    let lines: Vec<String> = events(picture, told.into())
        .iter()
        .map(|event| serde_json::to_string(event).unwrap() + "\n")
        .collect();
    project.write("run/events.jsonl", &lines.concat());
    project
}

/// What a run told whose steps looked for these, all on one picture.
fn events(picture: String, told: Vec<Vec<Sight>>) -> Vec<Event> {
    let mut events = vec![
        Event::StepStarted {
            key: StepKey::new(KEY),
            reason: Reason::New,
            attempt: 1,
            at: Timestamp(0),
            lease: None,
        },
        Event::Evidence {
            key: StepKey::new(KEY),
            at: Timestamp(0),
            kind: EvidenceKind::Frame,
            label: "look".into(),
            file: picture,
        },
    ];
    for (number, sights) in (1..).zip(told) {
        events.push(Event::Instruction {
            key: StepKey::new(KEY),
            at: Timestamp(1),
            number,
            path: number.to_string(),
            label: "look".into(),
            verdict: Verdict::Failed,
            detail: String::new(),
            rung: String::new(),
            attempts: 1,
            duration_ms: 1,
            limit_ms: 1,
            sights,
        });
    }
    events
}

#[track_caller]
fn check(project: &Project, arguments: &[&str], code: i32, said: &str) {
    let mut all = vec!["replay", "run", "plan.toml"];
    all.extend(arguments);
    let Ran {
        code: ended,
        out,
        err,
    } = project.run(&all);
    assert_eq!(ended, Some(code), "{out}{err}");
    assert!(format!("{out}{err}").contains(said), "{out}{err}");
}

#[test]
fn anchors_are_judged_anew_and_the_exit_code_says_what_came_of_it() {
    let project = project();
    check(
        &project,
        &["--step", "1"],
        0,
        "now      yes: exact 1.000 at ",
    );
    check(&project, &["--step", "3"], 1, "now      no: ");
    check(&project, &["--step", "4"], 0, "wanted   no anchor `other`");
    // What cannot be judged is neither.
    check(&project, &["--step", "6"], 2, "no picture was kept");
    check(&project, &["--step", "9"], 2, "no step 9 was told of");
    fs::remove_file(project.path().join("run/evidence/01-look.png")).unwrap();
    check(&project, &["--step", "1"], 2, "it could not be judged");
    check(&project, &["--step", "4"], 2, "it could not be judged");
}

#[test]
fn a_threshold_changes_what_is_alike() {
    let project = project();
    check(
        &project,
        &["--step", "2", "--threshold", "1.0"],
        1,
        "like 0.9",
    );
    check(
        &project,
        &["--step", "2", "--threshold", "0.8"],
        0,
        "now      yes",
    );
    check(
        &project,
        &["--step", "2", "--threshold", "1.5"],
        1,
        "at most 1",
    );
}

#[test]
fn what_can_be_judged_anew_is_listed() {
    let out = project().ok(&["replay", "run"]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 6, "{out}");
    assert_eq!(
        lines[0],
        format!("{KEY} attempt 1 step 1 failed: anchor `same`: no")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_put_to_a_model_and_nobody_to_ask_is_no_answer() {
    let project = project();
    // The anchor holds, the statement cannot be judged: not told.
    check(&project, &["--step", "5"], 2, "needs a vision model");
    let server = Model::named("judge-vl")
        .shows("the ink is dark", INK)
        .shows("the ink is blue", [10, 20, 250])
        .start()
        .await;
    let ask = |arguments: &[&str]| {
        let mut all = vec!["replay", "run", "plan.toml"];
        all.extend(arguments);
        let mut command = project.command(&all);
        command.env("VLM_BASE_URL", server.url());
        Ran::from(command.output().unwrap())
    };
    let model = ["--model", "judge-vl"];
    let ran = ask(&[&["--step", "5"][..], &model].concat());
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("now      no: `judge-vl`"), "{}", ran.out);
    let verify = ["--step", "1", "--verify", "the ink is dark"];
    let ran = ask(&[&verify[..], &model].concat());
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("now      yes: `judge-vl`"), "{}", ran.out);
}
