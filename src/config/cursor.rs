//! `[cursor]`: how the pointer moves.

use super::{documents::Documents, value::Value};
use crate::model::{Motion, Profile};
use std::time::Duration;

/// How long the pointer rests before a press, where the table does not say.
const DWELL: Duration = Duration::from_millis(250);

/// Reads the table. Whoever has one wants the pointer to move as a hand moves it.
pub(super) fn read(documents: &Documents<'_>) -> Motion {
    let Some(table) = documents.one("cursor", "[cursor]") else {
        return Motion::default();
    };
    let milliseconds = |key, most| {
        let found = table.whole(key, 0..=most);
        found.map(|found| Duration::from_millis(found.value))
    };
    let profile = table.choice("profile", &Profile::ALL);
    let motion = Motion {
        profile: profile.unwrap_or(Profile::Bezier),
        duration: milliseconds("duration_ms", 5000).unwrap_or_default(),
        dwell: milliseconds("hover_dwell_ms", 60_000).unwrap_or(DWELL),
        seed: table.get("seed").and_then(read_seed),
    };
    table.finish();
    motion
}

/// Reads a number, or `auto`, which draws another one each time.
fn read_seed(value: Value<'_>) -> Option<u64> {
    if value.inner.get_ref().is_integer() {
        return value.whole(0..=u64::MAX).map(|found| found.value);
    }
    let _checked = value.choice(&[("auto", ())]);
    None
}
