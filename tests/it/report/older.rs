//! Events by the names that older readers know.

use super::fake_run::{self, Script};
use crate::project::{FLEET, Project};
use mosdat::{
    model::{
        Answer, Event, EvidenceKind, InstructionKind, Rect, Secret, Secrets, Sight, SightKind,
        StepKey, Timestamp, Totals, Verdict,
    },
    report::older,
};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

const KEY: &str = "debian12/none/main.deb/open-note:exercise";

fn lines(events: &[Event]) -> Vec<Value> {
    let text = older::write(events, &Secrets::default());
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn begins(script: &mut Script, path: &str, label: &str, kind: InstructionKind) {
    let at = script.wait(10);
    script.events.push(Event::InstructionStarted {
        key: StepKey::new(KEY),
        at,
        path: path.into(),
        label: label.into(),
        kind,
        of: 4,
    });
}

fn ends(script: &mut Script, path: &str, label: &str, verdict: Verdict) {
    let number = path.split('.').next().unwrap().parse().unwrap();
    script.instruct_with(KEY, number, label, "", verdict, "");
    let Some(Event::Instruction { path: told, .. }) = script.events.last_mut() else {
        panic!("nothing was told")
    };
    *told = path.into();
}

fn sight(kind: SightKind, what: &str, answer: Answer) -> Sight {
    Sight {
        kind,
        what: what.into(),
        is_absent: false,
        answer,
        why: "a dialog shows".into(),
        by: "model".into(),
        score: None,
        place: (answer == Answer::Yes).then_some(Rect {
            x: 10,
            y: 20,
            width: 30,
            height: 40,
        }),
        second: None,
        area: None,
        is_exact_only: false,
        slack: 0,
        ignores_case: false,
        duration_ms: 1_500,
        picture: String::new(),
        anchor: String::new(),
        read: String::new(),
    }
}

/// Without what every line of the cell has.
fn own(text: &str) -> String {
    let common = [
        r#""cell":"debian12/none/main.deb/open-note:exercise","cell_attempt":1,"#,
        r#""run":"20250601-080000-7f3a","#,
        r#","vm":"debian12""#,
    ];
    let own = |text: String, common: &&str| {
        assert!(text.contains(common), "{text}");
        text.replace(common, "")
    };
    common.iter().fold(text.to_owned(), own)
}

#[test]
fn a_run_is_told_by_the_names_that_older_readers_know() {
    use InstructionKind::{Branch, Launch, Point, Wait};
    let mut script = Script::new("notes", Totals::default());
    script.start(KEY, 1);
    begins(&mut script, "1", "launch `notes`", Launch);
    ends(&mut script, "1", "launch `notes`", Verdict::Passed);
    begins(&mut script, "2", "if there is a dialog", Branch);
    begins(&mut script, "2.1", "click \"OK\"", Point);
    script.keep(KEY, EvidenceKind::Frame, "click", "evidence/02-1.png");
    ends(&mut script, "2.1", "click \"OK\"", Verdict::Flaky);
    script.looked(vec![sight(SightKind::Thing, "OK", Answer::Yes)], 2, 900);
    ends(&mut script, "2", "if there is a dialog", Verdict::Passed);
    script.looked(
        vec![sight(
            SightKind::Statement,
            "a dialog shows",
            Answer::Unclear,
        )],
        1,
        2_000,
    );
    begins(&mut script, "3", "wait for label `Done`", Wait);
    ends(&mut script, "3", "wait for label `Done`", Verdict::Blocked);
    script.looked(
        vec![sight(SightKind::Widget, "label `Done`", Answer::No)],
        1,
        3_000,
    );
    script.finish(KEY, Verdict::Blocked, "nobody could look", 1);
    let text = older::write(&script.end(1), &Secrets::default());
    insta::assert_snapshot!(own(&text), @r#"
    {"event":"run_start","total_steps":4,"ts":"2025-06-01T08:00:00.100+00:00"}
    {"event":"step_start","kind":"launch","label":"launch `notes`","step_label":"1: launch `notes`","step_num":1,"ts":"2025-06-01T08:00:00.110+00:00"}
    {"attempts":1,"detail":"","duration_ms":653,"event":"step_end","found_by":"","status":"ok","step_num":1,"ts":"2025-06-01T08:00:00.810+00:00","verdict":"passed"}
    {"event":"step_start","kind":"if_visible","label":"if there is a dialog","step_label":"2: if there is a dialog","step_num":2,"ts":"2025-06-01T08:00:00.820+00:00"}
    {"event":"step_start","kind":"localize","label":"click \"OK\"","step_label":"2.1: click \"OK\"","step_num":"2.1","ts":"2025-06-01T08:00:00.830+00:00"}
    {"event":"screenshot","filename":"evidence/02-1.png","label":"click","step_num":"2.1","ts":"2025-06-01T08:00:00.835+00:00"}
    {"attempt":1,"event":"retry","reason":"verify_failed","step_num":"2.1","ts":"2025-06-01T08:00:01.535+00:00"}
    {"answer":"yes","attempt":2,"event":"vlm_localize","latency_ms":1500,"step_num":"2.1","target":"OK","ts":"2025-06-01T08:00:01.535+00:00","x":25,"y":40}
    {"attempts":2,"detail":"","duration_ms":900,"event":"step_end","found_by":"","status":"ok","step_num":"2.1","ts":"2025-06-01T08:00:01.535+00:00","verdict":"flaky"}
    {"answer":"unclear","attempt":1,"event":"vlm_verify","is_absent":false,"kind":"if_visible","latency_ms":1500,"question":"a dialog shows","step_num":2,"ts":"2025-06-01T08:00:02.235+00:00"}
    {"attempt":1,"cache_hit":null,"event":"verify_step","latency_ms":1500,"prompt_text":"a dialog shows","raw_vlm_response":"a dialog shows","step_num":2,"ts":"2025-06-01T08:00:02.235+00:00","verdict":"unclear"}
    {"attempts":1,"detail":"","duration_ms":2000,"event":"step_end","found_by":"","status":"ok","step_num":2,"ts":"2025-06-01T08:00:02.235+00:00","verdict":"passed"}
    {"event":"step_start","kind":"wait_for","label":"wait for label `Done`","step_label":"3: wait for label `Done`","step_num":3,"ts":"2025-06-01T08:00:02.245+00:00"}
    {"attempt":1,"event":"atspi_verify","is_absent":false,"latency_ms":1500,"step_num":3,"target":"label `Done`","ts":"2025-06-01T08:00:02.945+00:00","verdict":"no"}
    {"error":"","event":"wait_for_timeout","latency_ms":3000,"step_num":3,"target":"wait for label `Done`","ts":"2025-06-01T08:00:02.945+00:00"}
    {"attempts":1,"detail":"","duration_ms":3000,"event":"step_end","found_by":"","status":"failed","step_num":3,"ts":"2025-06-01T08:00:02.945+00:00","verdict":"blocked"}
    {"detail":"nobody could look","event":"run_end","ts":"2025-06-01T08:00:03.245+00:00","verdict":"blocked"}
    "#);
}

#[test]
fn every_attempt_is_a_run_of_its_own_and_what_was_kept_or_did_not_run_is_one_too() {
    let told = lines(&fake_run::everything());
    let key = "debian12-x11/none/main.deb/print-preview:exercise";
    let of_cell = told.iter().filter(|line| line["cell"] == key);
    let ends: Vec<_> = of_cell
        .filter(|line| line["event"] == "run_end")
        .map(|line| (line["cell_attempt"].as_u64(), line["verdict"].as_str()))
        .collect();
    assert_eq!(ends, [(Some(1), Some("failed")), (Some(2), Some("failed"))]);
    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    for end in told.iter().filter(|line| line["event"] == "run_end") {
        *verdicts
            .entry(end["verdict"].as_str().unwrap())
            .or_default() += 1;
    }
    assert_eq!(verdicts.values().sum::<usize>(), 64 - 2 + 2, "{verdicts:?}");
    assert_eq!(verdicts["not run"], 8);
    let cached = told.iter().filter(|line| line["cached"] == true).count();
    assert!(cached > 0);
    assert!(!told.iter().any(|line| line["cell"] == "main.deb:build"));
}

#[test]
fn what_broke_off_is_no_success() {
    let mut script = Script::new("notes", Totals::default());
    script.start(KEY, 1);
    begins(&mut script, "1", "launch `notes`", InstructionKind::Launch);
    let told = lines(&script.events);
    let [_, _, step, run] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(
        (&step["event"], &step["status"]),
        (&"step_end".into(), &"failed".into())
    );
    assert_eq!(
        (&run["event"], &run["verdict"]),
        (&"run_end".into(), &"blocked".into())
    );
}

#[test]
fn no_part_of_a_secret_is_left_where_texts_are_cut() {
    let mut script = Script::new("notes", Totals::default());
    let secret = "correct horse battery staple";
    script.start(KEY, 1);
    for before in 30..90 {
        let label = format!("{}{secret}", "x".repeat(before));
        begins(&mut script, "1", &label, InstructionKind::Other);
    }
    let text = older::write(&script.events, &Secrets::new(vec![Secret::new(secret)]));
    assert!(!text.contains("corr"), "{text}");
    assert!(text.contains("(secret)"));
}

#[test]
fn the_command_writes_them_without_the_secrets_of_the_plan_file() {
    let project = Project::new(FLEET);
    project.edit_plan(
        "[sim]",
        "[functional]\ntest_password = \"env:ROBOT\"\n[sim]",
    );
    let mut script = Script::new("fleet", Totals::default());
    script.start(KEY, 1);
    begins(
        &mut script,
        "1",
        "type `opensesame`",
        InstructionKind::Other,
    );
    ends(&mut script, "1", "type `opensesame`", Verdict::Passed);
    script.finish(KEY, Verdict::Failed, "the entry holds `opensesame`", 1);
    let own = script.end(1);
    let own: Vec<_> = own
        .iter()
        .map(|it| serde_json::to_string(it).unwrap() + "\n")
        .collect();
    project.write(
        "state/fleet/runs/20250601-080000-7f3a/events.jsonl",
        &own.concat(),
    );
    let mut command = project.command(&["report", "--events", "told.jsonl", "plan.toml"]);
    let ran = command.env("ROBOT", "opensesame").output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let text = std::fs::read_to_string(project.path().join("told.jsonl")).unwrap();
    assert!(text.contains("the entry holds `(secret)`"), "{text}");
    assert!(!text.contains("opensesame"), "{text}");
}

fn any_event() -> impl Strategy<Value = Event> {
    let keys = prop::sample::select(vec![
        KEY,
        "fedora42/none/main.rpm/open-note:exercise",
        "debian12:restore",
    ]);
    let paths = prop::sample::select(vec!["1", "2", "2.1", "2.1.1", "2.2", "3"]);
    (0_u8..7, keys, paths).prop_map(|(which, key, path)| {
        let mut script = Script::new("notes", Totals::default());
        match which {
            0 => script.start(key, 1),
            1 => script.finish(key, Verdict::Passed, "hunter22", 1),
            2 => script.retry(key, Verdict::Failed, "hunter22"),
            3 => script.not_run(key, "hunter22"),
            4 => script.keep(key, EvidenceKind::Frame, "hunter22", "a.png"),
            5 => begins(&mut script, path, "hunter22", InstructionKind::Wait),
            _ => ends(&mut script, path, "hunter22", Verdict::Passed),
        }
        let mut event = script.events.pop().unwrap();
        if let Event::InstructionStarted { key: told, .. } | Event::Instruction { key: told, .. } =
            &mut event
        {
            *told = StepKey::new(key);
        }
        event
    })
}

proptest! {
    /// Whatever a run tells, in whatever order, and wherever it breaks off.
    #[test]
    fn every_beginning_has_exactly_one_end_after_it(
        events in prop::collection::vec(any_event(), 0..40),
    ) {
        let text = older::write(&events, &Secrets::new(vec![Secret::new("hunter22")]));
        prop_assert!(!text.contains("hunter22"));
        let mut open: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let name = |what: &str| format!("{what} {} {}", line["cell_attempt"], line["step_num"]);
            let open = open.entry(line["cell"].to_string()).or_default();
            match line["event"].as_str().unwrap() {
                "run_start" => {
                    prop_assert!(open.is_empty());
                    open.push(name("run"));
                }
                "step_start" => {
                    prop_assert!(!open.is_empty() && !open.contains(&name("step")));
                    open.push(name("step"));
                }
                "step_end" => prop_assert_eq!(open.pop(), Some(name("step"))),
                "run_end" => prop_assert_eq!(open.pop(), Some(name("run"))),
                _ => {}
            }
        }
        prop_assert!(open.values().all(Vec::is_empty), "{:?}", open);
    }
}

#[test]
fn times_are_in_utc_and_say_so() {
    let mut script = Script::new("notes", Totals::default());
    assert_eq!(script.wait(0), Timestamp(fake_run::START));
    script.start(KEY, 1);
    assert_eq!(
        lines(&script.events)[0]["ts"],
        "2025-06-01T08:00:00.100+00:00"
    );
}
