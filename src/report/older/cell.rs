//! One scenario on one machine: which of its steps have begun and not ended.

use super::{BROKEN_OFF, line::Line, looks};
use crate::model::{Event, InstructionKind, Verdict};

/// The longest label.
const LABEL: usize = 60;

/// The longest name of a target.
pub(super) const TARGET: usize = 80;

/// One scenario on one machine.
#[derive(Default)]
pub(super) struct Cell {
    attempt: u32,
    runs: bool,
    /// Steps that have begun, outer ones first.
    open: Vec<Open>,
}

struct Open {
    path: String,
    kind: InstructionKind,
}

impl Cell {
    /// Begins an attempt.
    pub(super) fn start(&mut self) {
        self.attempt += 1;
        self.runs = true;
    }

    /// Whether an attempt has begun and not ended.
    pub(super) fn runs(&self) -> bool {
        self.runs
    }

    /// Returns the number of the attempt, counted from 1.
    pub(super) fn attempt(&self) -> u32 {
        self.attempt.max(1)
    }

    /// Returns the step that began last, of those that have not ended.
    pub(super) fn innermost(&self) -> Option<&str> {
        self.open.last().map(|open| open.path.as_str())
    }

    /// Ends the attempt, and returns the ends of the steps that were told none.
    pub(super) fn end(&mut self) -> Vec<Line> {
        self.runs = false;
        self.cut_off(0)
    }

    /// Takes the beginning or the end of a step.
    pub(super) fn take(&mut self, event: &Event) -> Vec<Line> {
        if let Event::InstructionStarted {
            path, label, kind, ..
        } = event
        {
            return self.begin(path, label, *kind);
        }
        let Event::Instruction {
            path,
            number,
            label,
            ..
        } = event
        else {
            return Vec::new();
        };
        let path = match path.as_str() {
            "" => number.to_string(),
            path => path.to_owned(),
        };
        let mut lines = Vec::new();
        if self.position(&path).is_none() {
            lines = self.begin(&path, label, InstructionKind::default());
        }
        let position = self.position(&path).expect("it has begun by now");
        // Whatever began within it and was told no end has none.
        lines.extend(self.cut_off(position + 1));
        let open = self.open.pop().expect("it is the last one by now");
        lines.extend(looks::lines(event, &path, open.kind));
        lines.push(ended(event, &path));
        lines
    }

    fn begin(&mut self, path: &str, label: &str, kind: InstructionKind) -> Vec<Line> {
        let within = |open: &Open| is_within(path, &open.path);
        // What it does not lie within is over, whether or not that was told.
        let kept = self.open.iter().take_while(|open| within(open)).count();
        let mut lines = self.cut_off(kept);
        self.open.push(Open {
            path: path.into(),
            kind,
        });
        let named = match label {
            "" => path.to_owned(),
            label => format!("{path}: {label}"),
        };
        let line = Line::new("step_start")
            .step(Some(path))
            .with_short("label", label, LABEL)
            .with("step_label", named)
            .with("kind", word(kind));
        lines.push(line);
        lines
    }

    fn position(&self, path: &str) -> Option<usize> {
        self.open.iter().rposition(|open| open.path == path)
    }

    /// Ends steps from the innermost to that at `first`.
    fn cut_off(&mut self, first: usize) -> Vec<Line> {
        let open = self.open.drain(first..).rev();
        let lines = open.map(|open| {
            let line = Line::new("step_end").step(Some(&open.path));
            line.with("status", status(Verdict::Blocked))
                .with("verdict", Verdict::Blocked.as_str())
                .with("detail", BROKEN_OFF)
                .with("attempts", 1)
                .with("duration_ms", serde_json::Value::Null)
        });
        lines.collect()
    }
}

fn is_within(path: &str, outer: &str) -> bool {
    let rest = path.strip_prefix(outer);
    rest.is_some_and(|rest| rest.starts_with('.'))
}

fn ended(event: &Event, path: &str) -> Line {
    let line = Line::new("step_end").step(Some(path));
    let Event::Instruction {
        verdict,
        detail,
        rung,
        attempts,
        duration_ms,
        ..
    } = event
    else {
        return line;
    };
    line.with("status", status(*verdict))
        .with("verdict", verdict.as_str())
        .with("detail", detail.as_str())
        .with("found_by", rung.as_str())
        .with("attempts", (*attempts).max(1))
        .with("duration_ms", *duration_ms)
}

/// Older readers know three words. What could not be judged must not look like a success to them;
/// the field `verdict` tells it from a failure.
fn status(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed | Verdict::Flaky | Verdict::Expected => "ok",
        Verdict::Failed | Verdict::Blocked => "failed",
        Verdict::Skipped => "skipped",
    }
}

fn word(kind: InstructionKind) -> &'static str {
    match kind {
        InstructionKind::Point => "localize",
        InstructionKind::Widget => "atspi",
        InstructionKind::Launch => "launch",
        InstructionKind::Shell => "shell",
        InstructionKind::Branch => "if_visible",
        InstructionKind::Wait => "wait_for",
        InstructionKind::Other => "key",
    }
}
