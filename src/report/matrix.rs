//! The matrix: a block for each build and format, a row for each machine and GPU, a column for each
//! scenario.
//!
//! Builds stand below each other rather than side by side, so that the table stays as narrow as
//! the scenarios are few, and the same scenario of two builds is in the same column.

use super::{RunView, StepView};
use std::collections::{BTreeMap, BTreeSet};

/// The squares of a run, ordered for showing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MatrixView<'a> {
    /// The scenarios, which are the columns.
    pub scenarios: Vec<&'a str>,
    /// A block for each build and format.
    pub blocks: Vec<MatrixBlock<'a>>,
}

/// Everything about one build in one format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixBlock<'a> {
    /// The build.
    pub build: &'a str,
    /// The format.
    pub format: &'a str,
    /// A row for each machine and GPU.
    pub rows: Vec<MatrixRow<'a>>,
}

/// One machine with or without one GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixRow<'a> {
    /// The machine.
    pub machine: &'a str,
    /// The GPU, or `none`.
    pub gpu: &'a str,
    /// One entry for each scenario; `None` where the plan file asks for nothing.
    pub cells: Vec<Option<&'a StepView>>,
}

impl<'a> MatrixView<'a> {
    /// Orders the cells of `view`.
    pub fn of(view: &'a RunView) -> Self {
        let squares: Vec<Square<'a>> = view.cells().filter_map(Square::of).collect();
        let scenarios: BTreeSet<&str> = squares.iter().map(|one| one.scenario).collect();
        let scenarios: Vec<&str> = scenarios.into_iter().collect();
        let mut blocks: BTreeMap<_, BTreeMap<_, BTreeMap<&str, &StepView>>> = BTreeMap::new();
        for square in squares {
            let block = blocks.entry((square.build, square.format)).or_default();
            let row = block.entry((square.machine, square.gpu)).or_default();
            row.insert(square.scenario, square.step);
        }
        let in_row = |row: BTreeMap<&str, &'a StepView>| {
            scenarios
                .iter()
                .map(|name| row.get(name).copied())
                .collect()
        };
        let blocks = blocks.into_iter().map(|((build, format), rows)| {
            let rows = rows.into_iter().map(|((machine, gpu), row)| MatrixRow {
                machine,
                gpu,
                cells: in_row(row),
            });
            MatrixBlock {
                build,
                format,
                rows: rows.collect(),
            }
        });
        Self {
            blocks: blocks.collect(),
            scenarios,
        }
    }
}

/// A cell with the names that its key is made of.
struct Square<'a> {
    machine: &'a str,
    gpu: &'a str,
    build: &'a str,
    format: &'a str,
    scenario: &'a str,
    step: &'a StepView,
}

impl<'a> Square<'a> {
    fn of(step: &'a StepView) -> Option<Self> {
        let parts = step.key.parts()?;
        Some(Self {
            machine: parts.machine?,
            gpu: parts.gpu?,
            build: parts.build?,
            format: parts.format?,
            scenario: parts.scenario?,
            step,
        })
    }
}
