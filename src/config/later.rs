//! Tables that are read and checked although nothing uses them yet: `[report]` and `[[test]]`. So a
//! slip in them is told now and not when they come to matter.

use super::documents::Documents;

/// Checks them.
pub(super) fn read(documents: &Documents<'_>) {
    read_report(documents);
    read_tests(documents);
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
