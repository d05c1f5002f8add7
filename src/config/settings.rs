//! `[state]`, `[cache]` and `[sim]`: how mosdat should work, apart from what should hold.

use super::{documents::Documents, reader::Table, value::Value};
use crate::model::{Phase, SimSettings};
use std::{path::PathBuf, time::Duration};

/// Reads `[state]`, and returns the folder.
pub(super) fn read_state(documents: &Documents<'_>) -> Option<PathBuf> {
    let table = documents.one("state", "[state]")?;
    let dir = table.path("dir");
    let _checked = table.choice("backend", &[("local", ())]);
    table.finish();
    dir
}

/// Reads `[cache]`, and returns the folder.
pub(super) fn read_cache(documents: &Documents<'_>) -> Option<PathBuf> {
    let table = documents.one("cache", "[cache]")?;
    let dir = table.path("dir");
    let size = table.get("max_size");
    if size.is_some_and(|size| size.inner.get_ref().is_integer()) {
        let _checked = size.and_then(|size| size.whole(0..=u64::MAX));
    } else {
        let _checked = size.and_then(Value::filled_text);
    }
    let _checked = table.filled_text("remote");
    table.finish();
    dir
}

/// Reads `[sim]`; nothing when there is none.
pub(super) fn read_sim(documents: &Documents<'_>) -> Option<SimSettings> {
    let table = documents.one("sim", "[sim]")?;
    let usual = SimSettings::default();
    let mut sim = SimSettings {
        seed: table
            .whole("seed", 0..=u64::MAX)
            .map_or(usual.seed, |seed| seed.value),
        fail_rate: table.rate("fail_rate").unwrap_or(usual.fail_rate),
        block_rate: table.rate("block_rate").unwrap_or(usual.block_rate),
        flake_rate: table.rate("flake_rate").unwrap_or(usual.flake_rate),
        transient_rate: table.rate("transient_rate").unwrap_or(usual.transient_rate),
        panic_rate: table.rate("panic_rate").unwrap_or(usual.panic_rate),
        unknown_rate: table.rate("unknown_rate").unwrap_or(usual.unknown_rate),
        layers: table.truth("layers").unwrap_or(usual.layers),
        live_layers: table.truth("live_layers").unwrap_or(usual.live_layers),
        durations: usual.durations,
    };
    if let Some(durations) = table
        .get("durations")
        .and_then(|v| v.table("sim.durations"))
    {
        read_durations(durations, &mut sim);
    }
    if sim.live_layers && !sim.layers {
        let message = "`live_layers` needs `layers`";
        table.mistakes.error(
            table.at,
            message,
            "a running session is kept on top of a layer",
        );
    }
    table.finish();
    Some(sim)
}

fn read_durations(table: Table<'_>, sim: &mut SimSettings) {
    for phase in Phase::ALL {
        if let Some(span) = table.get(phase.as_str()).and_then(read_span) {
            sim.durations.insert(phase, span);
        }
    }
    table.finish();
}

/// Reads `["10s", "30s"]`, or one value for both ends.
fn read_span(value: Value<'_>) -> Option<(Duration, Duration)> {
    if !value.inner.get_ref().is_array() {
        let both = value.duration()?.value;
        return Some((both, both));
    }
    let items = value.items()?;
    let [least, most] = items.as_slice() else {
        let message = format!("`{}` must be a least and a most", value.key);
        value
            .mistakes
            .error(value.at(), message, "write it as `[\"10s\", \"30s\"]`");
        return None;
    };
    let (least, most) = (least.duration(), most.duration());
    let (least, most) = (least?.value, most?.value);
    if least > most {
        let message = format!("the least of `{}` is more than the most", value.key);
        value.mistakes.error(value.at(), message, "");
        return None;
    }
    Some((least, most))
}
