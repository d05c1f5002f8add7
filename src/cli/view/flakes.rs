//! What is unsteady, for people.

use crate::{
    judge::past::{Record, is_near},
    model::{Latency, StepKey},
    report::words,
};
use std::fmt::Write as _;

/// Writes what is unsteady or near a time-out, or with `all` everything, and a line that adds it up.
pub(in crate::cli) fn text(records: &[(StepKey, Record)], all: bool) -> String {
    let mut text = String::new();
    for (key, record) in shown(records, all) {
        put(&mut text, &format!("{key}: {}\n", said(record)));
        for (place, times) in &record.places {
            let times = words::count(*times, "time", "times");
            put(&mut text, &format!("    ended badly {times} {place}\n"));
        }
        for latency in record.latencies.iter().filter(|it| is_near(it)) {
            put(
                &mut text,
                &format!("    ! {}\n", words::near_limit(latency)),
            );
        }
        for latency in record.latencies.iter().filter(|_| all) {
            put(&mut text, &format!("    {}\n", took(latency)));
        }
    }
    text + &sum(records)
}

/// Writes the same as a table.
pub(in crate::cli) fn markdown(records: &[(StepKey, Record)], all: bool) -> String {
    let mut text =
        "| exercise | attempts | against the majority | repeated | blocked | ended badly |\n\
                    |---|---|---|---|---|---|\n"
            .to_owned();
    for (key, record) in shown(records, all) {
        let places = record.places.iter();
        let places: Vec<String> = places
            .map(|(place, times)| format!("{} ({times})", cell(place)))
            .collect();
        let row = format!(
            "| `{key}` | {} | {} of {} | {} | {} | {} |\n",
            record.attempts,
            record.astray,
            record.compared,
            record.repeated,
            record.blocked,
            places.join("<br>")
        );
        put(&mut text, &row);
    }
    put(&mut text, &format!("\n{}", sum(records)));
    for (key, record) in shown(records, all) {
        for latency in record.latencies.iter().filter(|it| is_near(it)) {
            let words = cell(&words::near_limit(latency));
            put(&mut text, &format!("* `{key}`: {words}\n"));
        }
    }
    text
}

fn shown(records: &[(StepKey, Record)], all: bool) -> impl Iterator<Item = &(StepKey, Record)> {
    let matters = move |(_, record): &&(StepKey, Record)| {
        all || record.is_unsteady() || record.latencies.iter().any(is_near)
    };
    records.iter().filter(matters)
}

fn said(record: &Record) -> String {
    let attempts = words::count(record.attempts, "attempt", "attempts");
    let mut parts = vec![attempts];
    if record.astray > 0 {
        let (astray, compared) = (record.astray, record.compared);
        parts.push(format!(
            "{astray} of {compared} with the same inputs ended otherwise than most"
        ));
    }
    if record.repeated > 0 {
        let times = words::count(record.repeated, "time", "times");
        parts.push(format!("passed {times} only because a step was repeated"));
    }
    if record.blocked > 0 {
        parts.push(format!("{} blocked", record.blocked));
    }
    parts.join(", ")
}

fn took(latency: &Latency) -> String {
    let limit = match latency.limit_ms {
        0 => String::new(),
        limit => format!(" of {}", words::duration(limit)),
    };
    format!(
        "step {}, {}: {} as a rule, up to {}{limit} ({})",
        latency.path,
        latency.label,
        words::duration(latency.p50_ms),
        words::duration(latency.p95_ms),
        words::count(latency.times, "time", "times"),
    )
}

fn sum(records: &[(StepKey, Record)]) -> String {
    let attempts = records.iter().map(|(_, record)| record.attempts).sum();
    let unsteady = records.iter().filter(|(_, record)| record.is_unsteady());
    let near = records
        .iter()
        .filter(|(_, record)| record.latencies.iter().any(is_near));
    format!(
        "{} with {}: {} unsteady, {} near a time-out\n",
        words::count(records.len(), "exercise", "exercises"),
        words::count(attempts, "remembered attempt", "remembered attempts"),
        unsteady.count(),
        near.count(),
    )
}

/// Returns a text so that it stays within a cell of a table.
fn cell(text: &str) -> String {
    words::one_line(text, 200).replace('|', "\\|")
}

fn put(text: &mut String, more: &str) {
    text.write_str(more)
        .expect("a string takes whatever is written");
}
