//! `mosdat flakes`: what passes and fails without a reason, and what nearly runs out of time.

use crate::{
    cli::{
        arguments::FlakesArguments,
        error::CliError,
        exit::Ended,
        settings::Settings,
        view::{flakes, json::FORMAT_VERSION},
        workplace::Workplace,
    },
    judge::past,
    model::{Desired, Latency, StepKey},
    port::PastAttempts as _,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(in crate::cli) fn run(settings: &Settings, typed: &FlakesArguments) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    let memory = place.past();
    let wanted = exercises(&place.loaded.desired);
    let mut records = Vec::new();
    for key in memory.steps()? {
        if typed.all || wanted.contains(&key) {
            let record = past::record(&memory.of(&key)?);
            records.push((key, record));
        }
    }
    // What goes astray most often comes first, what was tried most often before the rest.
    records.sort_by(|(_, a), (_, b)| {
        let share = |record: &past::Record| record.astray * 1_000_000 / record.compared.max(1);
        let order = share(b).cmp(&share(a)).then(b.repeated.cmp(&a.repeated));
        order.then(b.attempts.cmp(&a.attempts))
    });
    settings.face.result(|out| {
        if typed.json {
            let exercises: Vec<Value> = records.iter().map(|(key, it)| document(key, it)).collect();
            let document = json!({
                "format_version": FORMAT_VERSION,
                "matrix": place.loaded.desired.name,
                "exercises": exercises,
            });
            return writeln!(out, "{document}");
        }
        let text = if typed.markdown {
            flakes::markdown(&records, typed.all)
        } else {
            flakes::text(&records, typed.all)
        };
        write!(out, "{text}")
    })?;
    Ok(Ended::GOOD)
}

fn exercises(desired: &Desired) -> BTreeSet<StepKey> {
    let keys = desired.cells.iter().map(|cell| {
        StepKey::exercise(
            &cell.machine,
            &cell.gpu,
            &cell.build,
            &cell.format,
            &cell.scenario,
        )
    });
    keys.collect()
}

fn document(key: &StepKey, record: &past::Record) -> Value {
    let places = record.places.iter();
    let places: Vec<Value> = places
        .map(|(place, times)| json!({"place": place, "times": times}))
        .collect();
    let steps: Vec<Value> = record.latencies.iter().map(latency).collect();
    json!({
        "key": key,
        "attempts": record.attempts,
        "held": record.held,
        "failed": record.failed,
        "blocked": record.blocked,
        "compared": record.compared,
        "astray": record.astray,
        "repeated": record.repeated,
        "unsteady": record.is_unsteady(),
        "broke_at": places,
        "steps": steps,
    })
}

fn latency(it: &Latency) -> Value {
    json!({
        "path": it.path,
        "label": it.label,
        "times": it.times,
        "p50_ms": it.p50_ms,
        "p95_ms": it.p95_ms,
        "limit_ms": it.limit_ms,
        "near_limit": past::is_near(it),
    })
}
