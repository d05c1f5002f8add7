//! The matrix on the page.

use super::{
    anchor::Anchors,
    section::{Badge, badge, took},
};
use crate::report::{MatrixBlock, MatrixRow, MatrixView, RunView, StepView, words};
use serde::Serialize;

/// The part of the matrix about one artifact.
#[derive(Debug, Serialize)]
pub(super) struct Block {
    artifact: String,
    rows: Vec<MatrixLine>,
}

#[derive(Debug, Serialize)]
struct MatrixLine {
    machine: String,
    gpu: String,
    squares: Vec<Option<Square>>,
}

/// A cell of the matrix.
#[derive(Debug, Serialize)]
struct Square {
    anchor: String,
    badge: Badge,
    is_cached: bool,
    took: String,
    title: String,
}

/// Shows every cell of `matrix`.
pub(super) fn blocks(view: &RunView, matrix: &MatrixView<'_>, anchors: &Anchors) -> Vec<Block> {
    let blocks = matrix.blocks.iter();
    blocks
        .map(|block| Block::of(view, block, anchors))
        .collect()
}

impl Block {
    fn of(view: &RunView, block: &MatrixBlock<'_>, anchors: &Anchors) -> Self {
        let rows = block.rows.iter();
        Self {
            artifact: format!("{}.{}", block.build, block.format),
            rows: rows.map(|row| MatrixLine::of(view, row, anchors)).collect(),
        }
    }
}

impl MatrixLine {
    fn of(view: &RunView, row: &MatrixRow<'_>, anchors: &Anchors) -> Self {
        let square = |step: &&StepView| Square::of(view, step, anchors);
        Self {
            machine: row.machine.into(),
            gpu: words::gpu(row.gpu),
            squares: row
                .cells
                .iter()
                .map(|step| step.as_ref().map(square))
                .collect(),
        }
    }
}

impl Square {
    fn of(view: &RunView, step: &StepView, anchors: &Anchors) -> Self {
        let standing = view.standing(step);
        Self {
            anchor: anchors.get(&step.key).into(),
            badge: badge(standing),
            is_cached: standing.is_kept(),
            took: took(step),
            title: words::one_line(step.detail(), 200),
        }
    }
}
