//! Which steps have a section of their own on the page, and which are a line in a table.

use super::{
    NOTABLE_SECTIONS, OTHER_SECTIONS,
    anchor::Anchors,
    film,
    pictures::Embedder,
    section::{Row, Section},
};
use crate::{
    model::Verdict,
    report::{RunView, StepView, words},
};
use serde::Serialize;

/// How many sections are open at first.
const OPEN_SECTIONS: usize = 20;

/// Sections and rows under one heading.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    id: &'static str,
    heading: &'static str,
    pub(super) sections: Vec<Section>,
    pub(super) tables: Vec<Table>,
}

/// Steps about which there is only a line to say.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    heading: String,
    is_open: bool,
    rows: Vec<Row>,
}

/// Which steps have a section, and which a line.
pub(super) struct Layout<'a> {
    /// What most needs a look first.
    sections: Vec<&'a StepView>,
    rows: Vec<&'a StepView>,
    /// How many would have a section if there were room.
    pub(super) without_section: usize,
}

impl<'a> Layout<'a> {
    /// Sorts `steps` into those with a section and those with a line.
    pub(super) fn of(view: &RunView, mut steps: Vec<&'a StepView>) -> Self {
        steps.sort_by_key(|step| view.standing(step).urgency());
        let (mut notable, mut others) = (NOTABLE_SECTIONS, OTHER_SECTIONS);
        let mut layout = Self {
            sections: Vec::new(),
            rows: Vec::new(),
            without_section: 0,
        };
        for step in steps {
            let is_notable = view.standing(step).is_notable();
            let room = if is_notable {
                &mut notable
            } else {
                &mut others
            };
            if step.is_bare() && !is_notable {
                layout.rows.push(step);
            } else if *room == 0 {
                layout.rows.push(step);
                layout.without_section += 1;
            } else {
                *room -= 1;
                layout.sections.push(step);
            }
        }
        layout
    }

    /// Shows all of them under `heading`.
    pub(super) fn group(
        &self,
        view: &RunView,
        id: &'static str,
        heading: &'static str,
        anchors: &Anchors,
        embedder: &mut Embedder<'_>,
    ) -> Group {
        let mut sections: Vec<Section> = Vec::with_capacity(self.sections.len());
        for step in &self.sections {
            let mut section = Section::of(view, step, anchors.get(&step.key), embedder);
            let is_bad = !view.standing(step).holds();
            section.is_open = is_bad && sections.len() < OPEN_SECTIONS;
            sections.push(section);
        }
        let tables = self.tables(view, anchors);
        Group {
            id,
            heading,
            sections,
            tables,
        }
    }

    /// A table for each word; the steps are sorted by it already.
    fn tables(&self, view: &RunView, anchors: &Anchors) -> Vec<Table> {
        let word = |step: &StepView| view.standing(step).word();
        let runs = self.rows.chunk_by(|one, other| word(one) == word(other));
        let tables = runs.map(|steps| {
            let rows = steps
                .iter()
                .map(|step| Row::of(view, step, anchors.get(&step.key)));
            let word = word(steps[0]);
            Table {
                heading: format!("{} {word}", words::grouped(steps.len())),
                is_open: word != Verdict::Passed.as_str(),
                rows: rows.collect(),
            }
        });
        tables.collect()
    }
}

/// Gives the pictures of what went wrong room before all others.
pub(super) fn embed_decisive(layouts: &[&Layout<'_>], embedder: &mut Embedder<'_>) {
    for step in layouts.iter().flat_map(|layout| &layout.sections) {
        let last = step
            .attempts
            .last()
            .filter(|one| one.failing_instruction().is_some());
        for frame in last.iter().flat_map(|attempt| film::decisive(attempt)) {
            embedder.reserve(&frame.file);
        }
    }
}
