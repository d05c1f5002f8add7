//! The matrix on a terminal: a block for each build, a row for each scenario, a column for each
//! machine.

use crate::report::{MatrixBlock, MatrixView, RunView, Standing, StepView, words};
use std::fmt::Write as _;

/// Writes the matrix of a run, in columns that line up.
pub(crate) fn write(view: &RunView, color: bool) -> String {
    let matrix = MatrixView::of(view);
    let mut text = String::new();
    for block in &matrix.blocks {
        write_block(&mut text, view, &matrix, block, color);
    }
    text
}

fn write_block(
    text: &mut String,
    view: &RunView,
    matrix: &MatrixView<'_>,
    block: &MatrixBlock<'_>,
    color: bool,
) {
    let title = format!("{}.{}", block.build, block.format);
    let first = matrix
        .scenarios
        .iter()
        .map(|name| name.len())
        .chain([title.len()])
        .max();
    let first = first.unwrap_or(0);
    let heads = block.rows.iter().map(|row| match row.gpu {
        "none" => row.machine.to_owned(),
        gpu => format!("{}/{gpu}", row.machine),
    });
    let heads: Vec<String> = heads.collect();
    // Wide enough for the longest cell: a symbol, a word, and the mark of a cached result.
    let widths: Vec<usize> = heads.iter().map(|head| head.len().max(12)).collect();
    put(text, &format!("{title:first$}"));
    for (head, width) in heads.iter().zip(&widths) {
        put(text, &format!("  {head:width$}"));
    }
    end(text);
    for (at, scenario) in matrix.scenarios.iter().enumerate() {
        if block.rows.iter().all(|row| row.cells[at].is_none()) {
            continue;
        }
        put(text, &format!("{scenario:first$}"));
        for (row, width) in block.rows.iter().zip(&widths) {
            put(
                text,
                &format!("  {}", cell(view, row.cells[at], *width, color)),
            );
        }
        end(text);
    }
    text.push('\n');
}

fn cell(view: &RunView, step: Option<&StepView>, width: usize, color: bool) -> String {
    let Some(step) = step else {
        return " ".repeat(width);
    };
    let standing = view.standing(step);
    let cached = if standing.is_kept() { " =" } else { "" };
    let word = format!("{} {}{cached}", words::symbol(standing), standing.word());
    let padded = format!("{word:width$}");
    match code(standing) {
        Some(code) if color => format!("\x1b[{code}m{padded}\x1b[0m"),
        Some(_) | None => padded,
    }
}

fn code(standing: Standing) -> Option<&'static str> {
    use crate::model::Verdict::{Blocked, Expected, Failed, Flaky, Passed, Skipped};
    Some(match standing.verdict()? {
        Passed => "32",
        Flaky | Expected => "33",
        Failed => "31",
        Blocked => "35",
        Skipped => "2",
    })
}

fn put(text: &mut String, part: &str) {
    write!(text, "{part}").expect("writing to a String cannot fail");
}

/// Ends a line without blanks at its end.
fn end(text: &mut String) {
    let length = text.trim_end_matches(' ').len();
    text.truncate(length);
    text.push('\n');
}
