//! Tables that are read and checked although nothing uses them yet, but for one folder:
//! `[functional]`, `[report]` and `[[test]]`. So a slip in them is told now and not
//! when they come to matter.

use super::{documents::Documents, source::Found, value::Value};
use crate::model::SecretSource;
use std::path::PathBuf;

/// What is used of `[functional]`.
#[derive(Default)]
pub(super) struct Functional {
    /// The folder of scenarios, where it names one.
    pub(super) folder: Option<Found<PathBuf>>,
    /// The password of the user that scenarios sign in as: nobody may see it.
    pub(super) password: Option<SecretSource>,
}

/// Checks all of them. Returns what is used of `[functional]`.
pub(super) fn read(documents: &Documents<'_>) -> Functional {
    read_report(documents);
    read_tests(documents);
    read_functional(documents)
}

fn read_functional(documents: &Documents<'_>) -> Functional {
    let Some(table) = documents.one("functional", "[functional]") else {
        return Functional::default();
    };
    let _checked = table.truth("enabled");
    let _checked = table.text("workspace_url");
    let _checked = table.text("test_user");
    let password = table.secret("test_password");
    let folder = table.path("tests_dir");
    let at = table.get("tests_dir").map(Value::at);
    table.finish();
    let folder = folder.zip(at).map(|(value, at)| Found { value, at });
    Functional { folder, password }
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

fn read_tests(documents: &Documents<'_>) {
    for table in documents.each("test", "[[test]]") {
        let _insisted = table.needs("name", "\"x11\"", table.filled_text("name"));
        let _insisted = table.needs("script", "\"test-x11.sh\"", table.filled_text("script"));
        let _checked = table.truth("gpu");
        table.finish();
    }
}
