//! What the page says, before it is put into words and boxes.

use super::{
    EMBEDDED,
    anchor::Anchors,
    grid::{self, Block},
    layout::{self, Group, Layout},
    pictures::Embedder,
    section::{Badge, badge},
};
use crate::report::{MatrixView, RunView, words};
use serde::Serialize;

/// With more columns than this, cells show their sign alone and say their word to screen readers
/// and to the pointer.
const MOST_WORDY_COLUMNS: usize = 12;

/// The page.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    title: String,
    verdict: Badge,
    conclusion: &'static str,
    counts: Vec<Count>,
    cells: String,
    facts: Vec<Fact>,
    doubts: Vec<String>,
    columns: Vec<String>,
    is_compact: bool,
    blocks: Vec<Block>,
    groups: Vec<Group>,
    notes: Vec<String>,
    /// What looking again on this page needs; empty when there is nothing to look for.
    again: String,
    again_script: &'static str,
    style: &'static str,
    script: &'static str,
}

/// How many cells stand at one place.
#[derive(Debug, Serialize)]
struct Count {
    number: String,
    badge: Badge,
}

#[derive(Debug, Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

impl Page {
    /// Works out what the page of `view` says.
    pub(super) fn of(view: &RunView, file: &dyn Fn(&str) -> Option<Vec<u8>>) -> Self {
        let anchors = Anchors::of(view.steps.keys());
        let mut embedder = Embedder::new(file, EMBEDDED);
        let matrix = MatrixView::of(view);
        let conclusion = view.conclusion();
        let cells = Layout::of(view, view.cells().collect());
        let steps = Layout::of(view, view.preparations().collect());
        layout::embed_decisive(&[&cells, &steps], &mut embedder);
        let mut groups = vec![
            cells.group(view, "cells", "Cells", &anchors, &mut embedder),
            steps.group(
                view,
                "steps",
                "Builds, installs and other steps",
                &anchors,
                &mut embedder,
            ),
        ];
        groups.retain(|group| !group.sections.is_empty() || !group.tables.is_empty());
        Self {
            title: title(view),
            verdict: badge(words::standing_of(conclusion)),
            conclusion: conclusion.as_str(),
            counts: counts(view),
            cells: words::count(view.counts().all, "cell", "cells"),
            facts: facts(view),
            doubts: doubts(view),
            columns: matrix.scenarios.iter().map(ToString::to_string).collect(),
            is_compact: matrix.scenarios.len() > MOST_WORDY_COLUMNS,
            blocks: grid::blocks(view, &matrix, &anchors),
            groups,
            notes: notes(&embedder, cells.without_section + steps.without_section),
            again: embedder.parts.script(),
            again_script: include_str!("again.js"),
            style: include_str!("page.css"),
            script: include_str!("page.js"),
        }
    }
}

fn title(view: &RunView) -> String {
    if view.matrix.is_empty() {
        "mosdat".into()
    } else {
        words::clean(&view.matrix)
    }
}

fn counts(view: &RunView) -> Vec<Count> {
    let counts = view.counts();
    let counts = counts.by_standing().iter().map(|(standing, number)| Count {
        number: words::grouped(*number),
        badge: badge(*standing),
    });
    counts.collect()
}

fn facts(view: &RunView) -> Vec<Fact> {
    let kept = view.counts().kept;
    let facts = [
        ("run", view.run.as_ref().map(ToString::to_string)),
        ("plan", view.plan_id.map(|id| id.short())),
        ("started", view.started.map(|at| at.to_string())),
        ("ended", view.end.as_ref().map(|end| end.at.to_string())),
        ("took", view.duration_ms().map(words::duration)),
        (
            "cached",
            (kept > 0).then(|| words::count(kept, "cell", "cells")),
        ),
        (
            "exit code",
            view.end.as_ref().map(|end| end.exit_code.to_string()),
        ),
        (
            "mosdat",
            Some(view.mosdat.clone()).filter(|version| !version.is_empty()),
        ),
    ];
    let known = facts.into_iter().filter_map(|(name, value)| {
        let value = words::clean(&value?);
        Some(Fact { name, value })
    });
    known.collect()
}

fn doubts(view: &RunView) -> Vec<String> {
    let lost = view
        .release_errors
        .iter()
        .map(|(what, why)| words::one_line(&format!("{what} could not be given back: {why}"), 300));
    view.doubts().into_iter().chain(lost).collect()
}

fn notes(embedder: &Embedder<'_>, without_section: usize) -> Vec<String> {
    let mut notes = Vec::new();
    if embedder.without_room() > 0 {
        let files = words::count(embedder.without_room(), "evidence file", "evidence files");
        notes.push(format!(
            "{files} had no room on this page; the run's folder has them."
        ));
    }
    if without_section > 0 {
        let steps = words::count(without_section, "step", "steps");
        notes.push(format!(
            "{steps} with more to tell are only a line here; the run's folder has everything."
        ));
    }
    notes
}
