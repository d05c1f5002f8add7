//! `mosdat status`: the matrix as recorded.

use crate::{
    cli::{
        arguments::StatusArguments,
        error::CliError,
        exit::Ended,
        settings::Settings,
        view::{json::FORMAT_VERSION, matrix},
        workplace::Workplace,
    },
    model::{Cell, Desired, Event, Expectation, Recorded, StepKey, StepRecord, Verdict},
    port::Store as _,
    report::RunView,
};
use serde_json::{Value, json};

pub(in crate::cli) fn run(settings: &Settings, typed: &StatusArguments) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    let recorded = place.store()?.load()?;
    let desired = &place.loaded.desired;
    let squares = squares(desired, &recorded);
    settings.face.result(|out| {
        if typed.json {
            let document = json!({
                "format_version": FORMAT_VERSION,
                "matrix": desired.name,
                "cells": squares.iter().map(Square::document).collect::<Vec<_>>(),
            });
            return writeln!(out, "{document}");
        }
        write!(
            out,
            "{}",
            matrix::write(&view(&squares), settings.face.color_out)
        )?;
        for square in squares.iter().filter(|square| square.is_flaky()) {
            let history = square
                .last
                .map(|last| last.history.0.as_slice())
                .unwrap_or_default();
            let words: Vec<_> = history.iter().map(|verdict| verdict.as_str()).collect();
            writeln!(
                out,
                "`{}` changes its mind: {}",
                square.key,
                words.join(", ")
            )?;
        }
        let unknown = squares
            .iter()
            .filter(|s| s.last.is_none() && s.cell.skip.is_none())
            .count();
        if unknown > 0 {
            writeln!(out, "{unknown} cells have never run")?;
        }
        Ok(())
    })?;
    let has_failed = squares
        .iter()
        .any(|square| square.verdict() == Some(Verdict::Failed));
    Ok(if has_failed {
        Ended::TESTS_FAILED
    } else {
        Ended::GOOD
    })
}

struct Square<'a> {
    key: StepKey,
    cell: &'a Cell,
    last: Option<&'a StepRecord>,
}

fn squares<'a>(desired: &'a Desired, recorded: &'a Recorded) -> Vec<Square<'a>> {
    let squares = desired.cells.iter().map(|cell| {
        let key = StepKey::exercise(
            &cell.machine,
            &cell.gpu,
            &cell.build,
            &cell.format,
            &cell.scenario,
        );
        let last = recorded.steps.get(&key);
        Square { key, cell, last }
    });
    squares.collect()
}

impl Square<'_> {
    fn verdict(&self) -> Option<Verdict> {
        let last = self.last?;
        Some(Expectation::judge(self.cell.expect.as_ref(), last.verdict))
    }

    /// Whether its latest verdicts, which may be of different inputs, are not all the same.
    fn is_flaky(&self) -> bool {
        let history = self
            .last
            .map(|last| last.history.0.as_slice())
            .unwrap_or_default();
        history.contains(&Verdict::Flaky)
            || history
                .windows(2)
                .filter(|pair| pair[0].holds() != pair[1].holds())
                .count()
                > 1
    }

    fn document(&self) -> Value {
        json!({
            "key": self.key,
            "verdict": self.verdict().or(self.cell.skip.as_ref().map(|_| Verdict::Skipped)),
            "detail": self.last.map(|last| &last.detail),
            "skip": self.cell.skip,
            "finished": self.last.map(|last| last.finished.to_string()),
            "duration_ms": self.last.map(|last| last.duration_ms),
            "attempts": self.last.map(|last| last.attempts),
            "run": self.last.map(|last| &last.run),
            "history": self.last.map(|last| &last.history),
            "hash": self.last.map(|last| last.hash),
        })
    }
}

/// What is recorded, told as a run in which everything is kept.
fn view(squares: &[Square<'_>]) -> RunView {
    let mut view = RunView::default();
    for square in squares {
        let key = square.key.clone();
        if let (Some(last), Some(verdict)) = (square.last, square.verdict()) {
            view.apply(&Event::StepKept {
                key,
                verdict,
                run: last.run.clone(),
                duration_ms: last.duration_ms,
                cut_off: false,
            });
        } else if let Some(why) = square.cell.skip.clone() {
            view.apply(&Event::CellSkipped { key, why });
        }
    }
    view
}
