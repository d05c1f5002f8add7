//! Tables that are read and checked although nothing uses them yet, but for one folder: `[vlm]`,
//! `[functional]`, `[report]`, `[cursor]` and `[[test]]`. So a slip in them is told now and not
//! when they come to matter.

use super::{documents::Documents, source::Found, value::Value};
use std::path::PathBuf;

/// Checks all of them. Returns the folder of scenarios where `[functional]` names one.
pub(super) fn read(documents: &Documents<'_>) -> Option<Found<PathBuf>> {
    read_vlm(documents);
    read_report(documents);
    read_cursor(documents);
    read_tests(documents);
    read_functional(documents)
}

fn read_vlm(documents: &Documents<'_>) {
    let Some(table) = documents.one("vlm", "[vlm]") else {
        return;
    };
    for key in ["base_url", "model", "verify_model", "expected_model"] {
        let _checked = table.text(key);
    }
    let _checked = table.secret("api_key");
    let _checked = table.whole("max_tokens_floor", 0..=u32::MAX);
    table.finish();
}

fn read_functional(documents: &Documents<'_>) -> Option<Found<PathBuf>> {
    let table = documents.one("functional", "[functional]")?;
    let _checked = table.truth("enabled");
    let _checked = table.text("workspace_url");
    let _checked = table.text("test_user");
    let _checked = table.secret("test_password");
    let folder = table.path("tests_dir");
    let at = table.get("tests_dir").map(Value::at);
    table.finish();
    let (value, at) = (folder?, at?);
    Some(Found { value, at })
}

fn read_report(documents: &Documents<'_>) {
    let Some(table) = documents.one("report", "[report]") else {
        return;
    };
    let _checked = table.text("title");
    let _checked = table.texts("critical_tests");
    let _checked = table.text("critical_description");
    let issues = table.get("known_issues");
    if let Some(issues) = issues.and_then(|value| value.table("[report.known_issues]")) {
        for (_, note) in issues.entries() {
            let _checked = note.text();
        }
    }
    table.finish();
}

fn read_cursor(documents: &Documents<'_>) {
    let Some(table) = documents.one("cursor", "[cursor]") else {
        return;
    };
    let profiles = [("instant", ()), ("linear", ()), ("bezier", ())];
    let _checked = table.choice("profile", &profiles);
    let _checked = table.whole("duration_ms", 0..=5000_u32);
    let _checked = table.whole("hover_dwell_ms", 0..=u32::MAX);
    let seed = table.get("seed");
    if seed.is_some_and(|seed| seed.inner.get_ref().is_integer()) {
        let _checked = seed.and_then(|seed| seed.whole(0..=u64::MAX));
    } else {
        let _checked = seed.and_then(Value::text);
    }
    table.finish();
}

fn read_tests(documents: &Documents<'_>) {
    for table in documents.each("test", "[[test]]") {
        let _insisted = table.needs("name", "\"x11\"", table.filled_text("name"));
        let _insisted = table.needs("script", "\"test-x11.sh\"", table.filled_text("script"));
        let _checked = table.truth("gpu");
        table.finish();
    }
}
