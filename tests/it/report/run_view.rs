//! What a stream adds up to, above all where it must not add up to a success.

use super::fake_run::{self, Script};
use mosdat::{
    model::{Event, RunId, Summary, Timestamp, Totals, Verdict},
    report::{Conclusion, MatrixView, RunStatus, RunView, Standing},
};

const CELL: &str = "debian12/none/main.deb/open-note:exercise";

#[test]
fn replaying_is_the_same_as_watching() {
    let events = fake_run::everything();
    let mut watched = RunView::default();
    for event in &events {
        watched.apply(event);
    }
    watched.stream_ended();
    assert_eq!(watched, RunView::replay(&events));
    assert_eq!(watched.status(), RunStatus::Finished);
}

#[test]
fn events_survive_their_file_and_read_the_same() {
    let events = fake_run::everything();
    let lines = events
        .iter()
        .map(|event| serde_json::to_string(event).unwrap());
    let lines: Vec<String> = lines.collect();
    let again = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    let again: Vec<Event> = again.collect();
    assert_eq!(RunView::replay(&again), RunView::replay(&events));
}

#[test]
fn counts_put_what_needs_a_look_first() {
    let view = RunView::replay(&fake_run::everything());
    let counts = view.counts();
    insta::assert_snapshot!(
        counts.to_text(),
        @"1 failed, 1 blocked, 1 flaky, 4 expected, 8 not run, 47 passed, 2 left out"
    );
    assert_eq!(counts.all, 64);
    assert_eq!(view.conclusion(), Conclusion::Failed);
}

#[test]
fn a_single_pass_is_a_pass() {
    let view = RunView::replay(&fake_run::one_pass());
    assert_eq!(view.conclusion(), Conclusion::Passed);
    assert_eq!(view.doubts(), [""; 0]);
}

#[test]
fn every_beginning_of_a_stream_is_no_success() {
    let events = fake_run::one_pass();
    for length in 0..events.len() {
        let view = RunView::replay(&events[..length]);
        assert_eq!(view.conclusion(), Conclusion::Unfinished, "{length} events");
    }
}

#[test]
fn a_stream_with_a_hole_is_no_success() {
    let events = fake_run::one_pass();
    let is_vital = |event: &Event| {
        matches!(
            event,
            Event::RunStarted { .. } | Event::StepFinished { .. } | Event::RunFinished { .. }
        )
    };
    for hole in 0..events.len() {
        let mut rest = events.clone();
        let lost = rest.remove(hole);
        let passed = RunView::replay(&rest).conclusion() == Conclusion::Passed;
        assert_eq!(passed, !is_vital(&lost), "without {lost:?}");
    }
}

#[test]
fn a_run_whose_passes_got_lost_says_so() {
    let mut script = Script::new("notes", Totals::default());
    for scenario in ["a", "b"] {
        let key = format!("debian12/none/main.deb/{scenario}:exercise");
        script.start(&key, 1);
        script.finish(&key, Verdict::Passed, "", 1);
    }
    let mut events = script.end(0);
    events.retain(|event| !format!("{event:?}").contains("deb/b:exercise"));
    let view = RunView::replay(&events);
    assert_eq!(view.conclusion(), Conclusion::Blocked);
    let doubts = view.doubts();
    assert_eq!(
        doubts,
        ["the run counted 2 passed, its events show 1: some are missing"]
    );
}

#[test]
fn nothing_tested_is_no_success() {
    let mut script = Script::new("notes", Totals::default());
    script.left_out(CELL, "no such scenario here");
    script.start("main.deb:build", 1);
    script.finish("main.deb:build", Verdict::Passed, "", 1);
    let view = RunView::replay(&script.end(0));
    assert_eq!(view.conclusion(), Conclusion::Empty);
}

#[test]
fn an_exit_code_that_nothing_explains_is_no_success() {
    let mut events = fake_run::one_pass();
    if let Some(Event::RunFinished { exit_code, .. }) = events.last_mut() {
        *exit_code = 1;
    }
    let view = RunView::replay(&events);
    assert_eq!(view.conclusion(), Conclusion::Blocked);
}

#[test]
fn a_stopped_run_is_no_success() {
    let mut events = fake_run::one_pass();
    let at_once = false;
    let at = Timestamp(fake_run::START + 50);
    events.insert(2, Event::Stopping { at, at_once });
    assert_eq!(RunView::replay(&events).conclusion(), Conclusion::Blocked);
}

#[test]
fn a_step_that_began_again_after_its_end_is_open_again() {
    let mut script = Script::new("notes", Totals::default());
    script.start(CELL, 1);
    script.finish(CELL, Verdict::Passed, "", 1);
    script.start(CELL, 1);
    let view = RunView::replay(&script.events);
    let step = view.cells().next().unwrap();
    assert_eq!(view.standing(step), Standing::Unfinished);
}

#[test]
fn an_end_never_overwrites_the_attempt_before() {
    let mut script = Script::new("notes", Totals::default());
    script.start(CELL, 1);
    script.retry(CELL, Verdict::Failed, "first");
    script.finish(CELL, Verdict::Flaky, "second", 2);
    let view = RunView::replay(&script.events);
    let attempts = &view.cells().next().unwrap().attempts;
    let details: Vec<&str> = attempts.iter().map(|one| one.detail.as_str()).collect();
    assert_eq!(details, ["first", "second"]);
}

#[test]
fn a_run_that_is_going_on_is_running() {
    let mut view = RunView::default();
    assert_eq!(view.status(), RunStatus::Waiting);
    let events = fake_run::one_pass();
    for event in &events[..events.len() - 1] {
        view.apply(event);
    }
    assert_eq!(view.conclusion(), Conclusion::Running);
    view.apply(&Event::RunFinished {
        run: RunId::new("r"),
        at: Timestamp(0),
        summary: Summary {
            verdicts: [(Verdict::Passed, 1)].into(),
            ..Summary::default()
        },
        exit_code: 0,
    });
    assert_eq!(view.conclusion(), Conclusion::Passed);
}

#[test]
fn the_matrix_has_a_place_for_every_cell() {
    let view = RunView::replay(&fake_run::everything());
    let matrix = MatrixView::of(&view);
    assert_eq!(matrix.scenarios.len(), 8);
    assert_eq!(matrix.blocks.len(), 2);
    let rows: Vec<_> = matrix.blocks.iter().flat_map(|block| &block.rows).collect();
    assert_eq!(rows.len(), 8);
    let cells = rows.iter().flat_map(|row| &row.cells).flatten();
    assert_eq!(cells.count(), 64);
}
