//! Markdown for pull requests: the verdict first, then the matrix, then what needs a look.
//!
//! GitHub takes 65,536 characters in a comment and nothing of a longer one, so the document is cut
//! here, and says what was cut.

use super::{MatrixRow, MatrixView, RunView, Standing, StepView, words};

/// How many characters the document has at most.
pub const LENGTH: usize = 65_000;

/// What the matrix may take of it; the rest is for what needs a look.
const MATRIX_LENGTH: usize = 30_000;
const DOUBTS_LENGTH: usize = 4_000;
const DETAIL_LENGTH: usize = 2_000;
const LABEL_LENGTH: usize = 200;

/// A table with more columns than this is unreadable in a comment, so it shows counts instead.
const MOST_COLUMNS: usize = 10;

/// Kept for the note on what was cut.
const NOTE_LENGTH: usize = 300;

/// Writes the summary of `view`.
pub fn write(view: &RunView) -> String {
    let mut text = headline(view);
    text.push_str(&doubts(view));
    text.push_str(&matrix(view));
    text.push_str(&notable(
        view,
        LENGTH - NOTE_LENGTH - length(&text) - length(&footer(view)),
    ));
    text.push_str(&footer(view));
    text
}

fn headline(view: &RunView) -> String {
    let conclusion = view.conclusion();
    let emoji = words::emoji(words::standing_of(conclusion));
    let counts = view.counts();
    let matrix = match view.matrix.as_str() {
        "" => String::new(),
        name => format!(" {}", inline(name)),
    };
    let said = if counts.all == 0 {
        "no cells".into()
    } else {
        format!(
            "{}: {}",
            words::count(counts.all, "cell", "cells"),
            counts.to_text()
        )
    };
    format!(
        "## {emoji} mosdat{matrix}: {}\n\n{said}\n\n",
        conclusion.as_str()
    )
}

fn doubts(view: &RunView) -> String {
    let lines = view.doubts().into_iter().map(|doubt| inline(&doubt));
    let lost = view
        .release_errors
        .iter()
        .map(|(what, why)| format!("{} could not be given back: {}", inline(what), inline(why)));
    let mut text = String::new();
    for line in lines.chain(lost) {
        let line = format!("> ⚠️ {line}\n>\n");
        if length(&text) + length(&line) > DOUBTS_LENGTH {
            text.push_str("> ⚠️ and more of this kind\n>\n");
            break;
        }
        text.push_str(&line);
    }
    if text.is_empty() { text } else { text + "\n" }
}

fn matrix(view: &RunView) -> String {
    let matrix = MatrixView::of(view);
    if matrix.blocks.is_empty() {
        return String::new();
    }
    let is_wide = matrix.scenarios.len() > MOST_COLUMNS;
    let mut text = if is_wide {
        counts_head()
    } else {
        scenarios_head(&matrix.scenarios)
    };
    let rows = matrix.blocks.iter().flat_map(|block| {
        let artifact = format!("{}.{}", block.build, block.format);
        block.rows.iter().map(move |row| (artifact.clone(), row))
    });
    let (mut left_out, mut room) = (0, MATRIX_LENGTH);
    for (artifact, row) in rows {
        let cells = if is_wide {
            counts_of(view, row)
        } else {
            words_of(view, row)
        };
        let line = format!("| {} | {} | {cells} |\n", row_name(row), inline(&artifact));
        match room.checked_sub(length(&line)) {
            Some(rest) if left_out == 0 => {
                room = rest;
                text.push_str(&line);
            }
            Some(_) | None => left_out += 1,
        }
    }
    if left_out > 0 {
        let rows = words::count(left_out, "row", "rows");
        text = format!("{text}\n_{rows} of the matrix did not fit here._\n");
    }
    text + "\n"
}

fn scenarios_head(scenarios: &[&str]) -> String {
    let names: Vec<String> = scenarios.iter().map(|name| inline(name)).collect();
    let rule = "|---".repeat(scenarios.len());
    format!(
        "| machine | build | {} |\n|---|---{rule}|\n",
        names.join(" | ")
    )
}

fn words_of(view: &RunView, row: &MatrixRow<'_>) -> String {
    let cells = row.cells.iter().map(|cell| match cell {
        None => String::new(),
        Some(step) => word(view.standing(step)),
    });
    cells.collect::<Vec<_>>().join(" | ")
}

fn word(standing: Standing) -> String {
    let kept = if standing.is_kept() { ", cached" } else { "" };
    format!("{} {}{kept}", words::emoji(standing), standing.word())
}

fn counts_head() -> String {
    "| machine | build | cells |\n|---|---|---|\n".into()
}

fn counts_of(view: &RunView, row: &MatrixRow<'_>) -> String {
    let steps = row.cells.iter().flatten().copied();
    let counts = super::Counts::of(view, steps);
    let parts = counts.by_standing().iter().map(|(standing, number)| {
        format!(
            "{} {} {}",
            words::emoji(*standing),
            words::grouped(*number),
            standing.word()
        )
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn row_name(row: &MatrixRow<'_>) -> String {
    if row.gpu == crate::model::GpuName::NONE {
        inline(row.machine)
    } else {
        format!("{}, {}", inline(row.machine), inline(&words::gpu(row.gpu)))
    }
}

/// A block for each step that needs a look, as many as fit into `room` characters.
fn notable(view: &RunView, room: usize) -> String {
    let mut steps: Vec<&StepView> = view
        .steps
        .values()
        .filter(|step| view.standing(step).is_notable())
        .collect();
    steps.sort_by_key(|step| view.standing(step).urgency());
    let (mut text, mut cut) = (String::new(), 0);
    for step in steps {
        let block = details(view, step);
        if cut == 0 && length(&text) + length(&block) <= room {
            text.push_str(&block);
        } else {
            cut += 1;
        }
    }
    if cut > 0 {
        let what = words::count(cut, "step", "steps");
        text = format!(
            "{text}_{what} more that did not simply pass did not fit here: see the HTML report._\n\n"
        );
    }
    text
}

fn details(view: &RunView, step: &StepView) -> String {
    let standing = view.standing(step);
    let key = words::clean(step.key.as_str());
    let name = key.strip_suffix(":exercise").unwrap_or(&key);
    let mut facts = Vec::new();
    if let Some(one) = step.failing_instruction() {
        let label = inline(&words::one_line(&one.label, LABEL_LENGTH));
        facts.push(format!("At instruction {}: {label}\n\n", one.number));
    }
    for (number, detail) in step_details(step) {
        let heading = if number > 0 {
            format!("Attempt {number}:\n\n")
        } else {
            String::new()
        };
        facts.push(format!(
            "{heading}{}",
            fenced(&words::cut(&words::clean(detail), DETAIL_LENGTH))
        ));
    }
    if let Some(cause) = &step.cause {
        let cause = words::one_line(&words::cause(cause), DETAIL_LENGTH);
        facts.push(format!("{}\n\n", inline(&cause)));
    }
    format!(
        "<details>\n<summary>{} <b>{}</b> {}</summary>\n\n{}{}</details>\n\n",
        words::emoji(standing),
        standing.word(),
        html(&words::cut(name, LABEL_LENGTH)),
        facts.concat(),
        how_long(step),
    )
}

/// The details of all attempts with their numbers, or that of the only one with the number 0.
fn step_details(step: &StepView) -> Vec<(u32, &str)> {
    let told = step
        .attempts
        .iter()
        .filter(|attempt| !attempt.detail.is_empty());
    let told: Vec<(u32, &str)> = told.map(|one| (one.number, one.detail.as_str())).collect();
    match (told.len(), step.detail()) {
        (2.., _) => told,
        (_, "") => Vec::new(),
        (_, detail) => vec![(0, detail)],
    }
}

fn how_long(step: &StepView) -> String {
    let took = step.duration_ms().map(words::duration);
    let tries = (step.tries() > 1).then(|| format!("{} attempts", step.tries()));
    let parts: Vec<String> = took.into_iter().chain(tries).collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!("{}\n\n", parts.join(", "))
    }
}

fn footer(view: &RunView) -> String {
    let counts = view.counts();
    let mut parts = Vec::new();
    if counts.kept > 0 {
        let cells = words::count(counts.kept, "cell", "cells");
        parts.push(format!("{cells} cached"));
    }
    if let Some(milliseconds) = view.duration_ms() {
        parts.push(format!("took {}", words::duration(milliseconds)));
    }
    if let Some(run) = &view.run {
        parts.push(format!("run {}", inline(run.as_str())));
    }
    if parts.is_empty() {
        String::new()
    } else {
        format!("<sub>{}</sub>\n", parts.join(" · "))
    }
}

/// A block of text as it is, fenced by more backticks than it has anywhere.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}\n{fence}\n\n")
}

/// One line of text in which nothing is markup, ends a table's cell, or calls a person or an issue.
fn inline(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in words::one_line(text, DETAIL_LENGTH).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => escaped.extend(['\\', c]),
            '<' | '>' | '&' => escaped.push_str(&html(c.encode_utf8(&mut [0; 4]))),
            // A space of no width, or GitHub would make a mention or a reference of it.
            '@' | '#' => escaped.extend([c, '\u{200b}']),
            _ => escaped.push(c),
        }
    }
    escaped
}

fn html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('@', "@\u{200b}")
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_line_is_markup() {
        assert_eq!(
            inline("a|b `c` <img> *d*\n@root #1"),
            "a\\|b \\`c\\` &lt;img&gt; \\*d\\* @\u{200b}root #\u{200b}1"
        );
    }

    #[test]
    fn a_fence_is_longer_than_any_within() {
        assert!(fenced("a ```` b").starts_with("`````text\n"));
        assert!(fenced("a").starts_with("```text\n"));
    }
}
