//! `[matrix]`: which squares there should be, as written. Which names its globs match is not asked
//! here: see `expand`.

use super::{
    documents::Documents,
    glob::Pattern,
    mistakes::Mistakes,
    name,
    reader::Table,
    source::{At, Found},
    value::Value,
};
use crate::model::Verdict;
use std::time::Duration;

/// What `[matrix]` says; missing selections are those that it leaves to their defaults.
pub(super) struct Matrix {
    pub(super) name: Option<String>,
    pub(super) select: Selection,
    pub(super) exclude: Vec<Rule>,
    pub(super) expect: Vec<Rule>,
    pub(super) retries: u32,
    pub(super) reruns: u32,
    pub(super) timeout: Duration,
    /// Where it begins; missing when there is none.
    pub(super) at: Option<At>,
}

/// One list of patterns for each kind of name.
#[derive(Default)]
pub(super) struct Selection {
    pub(super) machines: Option<Vec<Pattern>>,
    pub(super) gpus: Option<Vec<Pattern>>,
    pub(super) builds: Option<Vec<Pattern>>,
    pub(super) formats: Option<Vec<Pattern>>,
    pub(super) scenarios: Option<Vec<Pattern>>,
}

/// Something to say about the cells that a selection matches.
pub(super) struct Rule {
    pub(super) select: Selection,
    pub(super) why: String,
    /// What the cells do instead of passing; `skipped` where they are left out.
    pub(super) verdict: Verdict,
    pub(super) at: At,
}

/// Reads `[matrix]`.
pub(super) fn read(documents: &Documents<'_>, mistakes: &Mistakes) -> Matrix {
    let mut matrix = Matrix {
        name: None,
        select: Selection::default(),
        exclude: Vec::new(),
        expect: Vec::new(),
        retries: 0,
        reruns: 0,
        timeout: Duration::from_mins(15),
        at: None,
    };
    let Some(table) = documents.matrix() else {
        return matrix;
    };
    matrix.at = Some(table.at);
    let _read_before = table.get("include");
    if let Some(name) = table.text("name") {
        name::check(name, "a matrix", mistakes);
        matrix.name = Some(name.value.into());
    }
    matrix.select = selection(&table);
    for rule in rules(table.get("exclude"), "matrix.exclude") {
        matrix.exclude.extend(read_exclusion(rule));
    }
    for rule in rules(table.get("expect"), "matrix.expect") {
        matrix.expect.extend(read_expectation(rule));
    }
    matrix.retries = table
        .whole("retries", 0..=100_u32)
        .map_or(0, |retries| retries.value);
    matrix.reruns = table
        .whole("reruns", 0..=20_u32)
        .map_or(0, |reruns| reruns.value);
    matrix.timeout = table.limit("timeout").unwrap_or(matrix.timeout);
    table.finish();
    matrix
}

fn selection(table: &Table<'_>) -> Selection {
    let patterns = |key| {
        let texts = table.texts(key)?.into_iter();
        Some(
            texts
                .filter_map(|text| Pattern::read(text, table.mistakes))
                .collect(),
        )
    };
    Selection {
        machines: patterns("machines"),
        gpus: patterns("gpu"),
        builds: patterns("builds"),
        formats: patterns("formats"),
        scenarios: patterns("scenarios"),
    }
}

fn rules<'a>(value: Option<Value<'a>>, title: &'static str) -> Vec<Table<'a>> {
    let items = value.and_then(Value::items).unwrap_or_default();
    items
        .into_iter()
        .filter_map(|item| item.table(title))
        .collect()
}

fn read_exclusion(table: Table<'_>) -> Option<Rule> {
    let select = selection(&table);
    let why = table.needs("why", "\"no such driver\"", table.filled_text("why"));
    if table.has_only("why") {
        let hint = "say which `machines`, `gpu`, `builds`, `formats` or `scenarios`";
        table
            .mistakes
            .error(table.at, "this leaves out everything", hint);
    }
    finish(table, select, why, Some(Verdict::Skipped))
}

fn read_expectation(table: Table<'_>) -> Option<Rule> {
    let select = selection(&table);
    let verdict = table.needs("verdict", "\"failed\"", table.get("verdict"));
    let verdict = verdict.and_then(read_verdict);
    let why = table.needs("why", "\"issue 12\"", table.filled_text("why"));
    finish(table, select, why, verdict)
}

/// Only a failure can be foretold: the other verdicts say that it passed, or nothing about the app.
fn read_verdict(value: Value<'_>) -> Option<Verdict> {
    let text = value.text()?;
    if text.value == Verdict::Failed.as_str() {
        return Some(Verdict::Failed);
    }
    let message = format!("`verdict` cannot be `{}`", text.value);
    let hint = match text.value {
        "passed" | "flaky" => "that cells pass is expected of all of them: leave the rule out",
        "blocked" | "skipped" => "to leave cells out, use `exclude`",
        _ => "only `failed` can be expected",
    };
    value.mistakes.error(text.at, message, hint);
    None
}

fn finish(
    table: Table<'_>,
    select: Selection,
    why: Option<Found<&str>>,
    verdict: Option<Verdict>,
) -> Option<Rule> {
    let at = table.at;
    table.finish();
    Some(Rule {
        select,
        why: why.map_or("", |why| why.value).into(),
        verdict: verdict?,
        at,
    })
}
