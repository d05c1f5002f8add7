//! What progress looks like.

use super::*;
use crate::model::{ContentHash, Reason, RunId, StepKey, Summary, Totals, Verdict};

fn key(name: &str) -> StepKey {
    StepKey::new(name)
}

fn run_started(run: usize) -> Event {
    Event::RunStarted {
        run: RunId::new("r1"),
        matrix: "notes".into(),
        plan_id: ContentHash::of(b""),
        at: Timestamp(0),
        totals: Totals {
            run,
            keep: 40,
            release: 0,
            skipped: 2,
        },
    }
}

fn started(name: &str, at: u64) -> Event {
    Event::StepStarted {
        key: key(name),
        reason: Reason::New,
        attempt: 1,
        at: Timestamp(at),
        lease: None,
    }
}

fn finished(name: &str, verdict: Verdict, detail: &str) -> Event {
    Event::StepFinished {
        key: key(name),
        verdict,
        detail: detail.into(),
        attempts: 1,
        at: Timestamp(9_000),
        duration_ms: 8_000,
    }
}

fn heartbeat(at: u64) -> Event {
    Event::Heartbeat {
        at: Timestamp(at),
        running: 2,
        done: 3,
        waiting: [("gpu:rtx3060".into(), 2), ("machine:debian12".into(), 5)].into(),
        remaining_ms: 90_000,
    }
}

fn run_finished() -> Event {
    Event::RunFinished {
        run: RunId::new("r1"),
        at: Timestamp(60_000),
        summary: Summary {
            verdicts: [(Verdict::Passed, 40), (Verdict::Failed, 1)].into(),
            cached: 38,
            not_run: 1,
            duration_ms: 60_000,
        },
        exit_code: 3,
    }
}

/// A run in which one cell passed, one failed, and two steps run.
fn halfway() -> Vec<Event> {
    let instruction = Event::Instruction {
        key: key("debian12/none/main.deb/search:exercise"),
        at: Timestamp(10_000),
        number: 2,
        path: "2".into(),
        attempts: 1,
        limit_ms: 0,
        sights: Vec::new(),
        label: "click push button `New`".into(),
        verdict: Verdict::Passed,
        detail: String::new(),
        rung: "tree".into(),
        duration_ms: 100,
    };
    vec![
        run_started(6),
        started("debian12/none/main.deb/open-note:exercise", 1_000),
        started("debian12/none/main.deb/search:exercise", 1_000),
        finished(
            "debian12/none/main.deb/open-note:exercise",
            Verdict::Failed,
            "no dialog\n`Print`",
        ),
        started("fedora42/none/main.deb:install", 9_500),
        finished(
            "fedora42/none/main.deb/search:exercise",
            Verdict::Passed,
            "",
        ),
        instruction,
        heartbeat(11_000),
    ]
}

fn shown(mut progress: Progress<Vec<u8>>, events: &[Event]) -> String {
    for event in events {
        progress.event(event, event_time(event)).unwrap();
    }
    String::from_utf8(progress.to).unwrap()
}

fn event_time(event: &Event) -> Timestamp {
    let mut view = RunView::default();
    view.apply(event);
    view.last_seen.unwrap_or_default()
}

#[test]
fn the_block_says_how_far_it_is_and_what_runs() {
    let view = RunView::replay(&halfway());
    let block = draw(&view, Timestamp(12_000), 100, false);
    insta::assert_snapshot!(block, @"
    [########----------------] 2/6  1 failed, 1 passed
    ▸ running       11.0 s  debian12/none/main.deb/search:exercise: 2. click push button `New`
    ▸ running        2.5 s  fedora42/none/main.deb:install
      waiting: 5 for machine:debian12, 2 for gpu:rtx3060, about 1 min 29 s left
    ");
}

#[test]
fn no_line_of_the_block_is_wider_than_the_terminal() {
    let view = RunView::replay(&halfway());
    for width in [20, 40, 80] {
        for line in draw(&view, Timestamp(12_000), width, false).lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
}

#[test]
fn many_running_steps_are_counted() {
    let mut events = vec![run_started(100)];
    events.extend((0..50).map(|number| started(&format!("m{number}:restore"), number)));
    let block = draw(&RunView::replay(&events), Timestamp(60_000), 80, false);
    assert_eq!(block.lines().count(), 8, "{block}");
    assert!(block.contains("and 44 more running"), "{block}");
}

#[test]
fn colour_repeats_words_and_is_only_used_when_asked_for() {
    let view = RunView::replay(&halfway());
    let plain = draw(&view, Timestamp(12_000), 100, false);
    let colored = draw(&view, Timestamp(12_000), 100, true);
    assert!(!plain.contains('\u{1b}'), "{plain}");
    assert!(colored.contains('\u{1b}'), "{colored}");
    assert_eq!(crate::report::words::clean(&colored), plain);
}

#[test]
fn plain_progress_has_a_line_for_each_end() {
    let mut events = halfway();
    events.push(Event::StepRetried {
        key: key("debian12/none/main.deb/search:exercise"),
        attempt: 1,
        verdict: Verdict::Blocked,
        detail: "the network was away".into(),
        duration_ms: 1,
    });
    events.push(Event::StepSkipped {
        key: key("fedora42/none/main.deb/open-note:exercise"),
        why: "the run was stopped".into(),
    });
    events.push(Event::Stopping {
        at: Timestamp(12_000),
        at_once: false,
    });
    events.push(Event::Released {
        what: "lease r0-1".into(),
        error: "no answer".into(),
    });
    events.push(run_finished());
    insta::assert_snapshot!(shown(Progress::plain(Vec::new()), &events), @"
    run r1 of notes: 6 steps to run, 40 cached, 2 left out
    ✗ failed   debian12/none/main.deb/open-note:exercise (8.0 s): no dialog `Print`
    ✓ passed   fedora42/none/main.deb/search:exercise (8.0 s)
    … 3 done, 2 running, waiting: 5 for machine:debian12, 2 for gpu:rtx3060, about 1 min 30 s left
    ↻ again    debian12/none/main.deb/search:exercise (attempt 1 blocked: the network was away)
    · not run  fedora42/none/main.deb/open-note:exercise: the run was stopped
    stopping: no step begins any more; asking again cuts the running ones short
    ! could not give back lease r0-1: no answer
    run r1 ended: 40 passed, 1 failed, 38 cached, 1 not run, took 1 min 00 s, exit code 3
    ");
}

#[test]
fn signs_of_life_are_ten_seconds_apart_where_lines_are_written() {
    let beats = [0, 4_000, 9_999, 10_000, 15_000, 20_000].map(heartbeat);
    let text = shown(Progress::plain(Vec::new()), &beats);
    assert_eq!(text.lines().count(), 3, "{text}");
}

#[test]
fn a_live_block_is_not_drawn_more_often_than_ten_times_a_second() {
    let mut progress = Progress::live(Vec::new(), 80, false);
    progress.event(&run_started(6), Timestamp(0)).unwrap();
    let one_drawing = progress.to.len();
    for now in 1..100 {
        progress.tick(Timestamp(now)).unwrap();
    }
    assert_eq!(progress.to.len(), one_drawing);
    progress.tick(Timestamp(100)).unwrap();
    assert!(progress.to.len() > one_drawing);
}

#[test]
fn a_terminal_shows_what_did_not_pass_above_the_block_and_no_block_after_the_end() {
    let mut events = halfway();
    events.push(run_finished());
    let written = shown(Progress::live(Vec::new(), 100, false), &events);
    insta::assert_snapshot!(screen(&written), @"
    run r1 of notes: 6 steps to run, 40 cached, 2 left out
    ✗ failed   debian12/none/main.deb/open-note:exercise (8.0 s): no dialog `Print`
    run r1 ended: 40 passed, 1 failed, 38 cached, 1 not run, took 1 min 00 s, exit code 3
    ");
}

#[test]
fn a_progress_that_is_given_up_leaves_no_block_behind() {
    let mut progress = Progress::live(Vec::new(), 100, false);
    progress.event(&run_started(6), Timestamp(0)).unwrap();
    let mut written = Vec::new();
    let Progress { view, mode, to } = progress;
    written.extend(to);
    let to = &mut written;
    Progress { to, view, mode }.finish().unwrap();
    let left = screen(&String::from_utf8(written).unwrap());
    assert_eq!(
        left,
        "run r1 of notes: 6 steps to run, 40 cached, 2 left out\n"
    );
}

/// What a terminal shows after `written`: knows line breaks and going back over a block.
fn screen(written: &str) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    let mut parts = written.split("\u{1b}[");
    let put = |text: &str, lines: &mut Vec<String>| {
        for c in text.chars() {
            match c {
                '\n' => lines.push(String::new()),
                '\r' => {}
                _ => lines.last_mut().unwrap().push(c),
            }
        }
    };
    put(parts.next().unwrap(), &mut lines);
    for part in parts {
        match part.split_once('A') {
            Some((up, "\r")) => {
                let keep = lines.len() - 1 - up.parse::<usize>().unwrap();
                lines.truncate(keep);
                lines.push(String::new());
            }
            _ => put(part.strip_prefix('J').unwrap(), &mut lines),
        }
    }
    lines.join("\n")
}
