//! A run's events by the names and fields that older readers know, one JSON object a line.
//!
//! Such readers know one scenario on one machine; here each line says which it is about. Every
//! `step_start` is followed by exactly one `step_end`, whatever the run told. What a run does not
//! tell apart (single keys, clicks, commands) has no line.

mod cell;
mod line;
mod looks;

use crate::model::{Event, EvidenceKind, Phase, RunId, Secrets, StepKey, Timestamp, Verdict};
use cell::Cell;
use line::Line;
use std::collections::BTreeMap;

/// What is said of what has no end.
const BROKEN_OFF: &str = "no end was told: it broke off";

/// Writes the events of a run that is over. None of `secrets` is in what is returned.
pub fn write(events: &[Event], secrets: &Secrets) -> String {
    let mut teller = Teller::new(secrets, steps_of(events));
    for event in events {
        teller.take(event);
    }
    teller.break_off();
    teller.text
}

/// Writes lines, and remembers what has begun and not ended.
struct Teller<'a> {
    secrets: &'a Secrets,
    /// How many steps each cell has.
    steps: BTreeMap<&'a StepKey, u32>,
    cells: BTreeMap<&'a StepKey, Cell>,
    run: Option<&'a RunId>,
    /// The latest time that was told.
    now: Timestamp,
    text: String,
}

impl<'a> Teller<'a> {
    fn new(secrets: &'a Secrets, steps: BTreeMap<&'a StepKey, u32>) -> Self {
        Self {
            secrets,
            steps,
            cells: BTreeMap::new(),
            run: None,
            now: Timestamp(0),
            text: String::new(),
        }
    }

    fn take(&mut self, event: &'a Event) {
        match event {
            Event::RunStarted { run, at, .. } => {
                self.run = Some(run);
                self.now = *at;
            }
            Event::RunFinished { at, .. } | Event::Heartbeat { at, .. } => self.now = *at,
            Event::StepStarted { key, .. }
            | Event::StepRetried { key, .. }
            | Event::Reran { key, .. }
            | Event::StepFinished { key, .. }
            | Event::StepKept { key, .. }
            | Event::StepSkipped { key, .. }
                if is_cell(key) =>
            {
                self.attempt(key, event);
            }
            Event::InstructionStarted { key, at, .. } | Event::Instruction { key, at, .. } => {
                self.now = *at;
                self.ensure_started(key);
                let cell = self.cells.get_mut(key).expect("it was just started");
                let lines = cell.take(event);
                for line in lines {
                    self.tell(key, line);
                }
            }
            Event::Evidence {
                key,
                at,
                kind: EvidenceKind::Frame,
                label,
                file,
            } if is_cell(key) => {
                self.now = *at;
                let step = self.cells.get(key).and_then(Cell::innermost);
                let line = Line::new("screenshot").step(step);
                self.tell(
                    key,
                    line.with("filename", file.as_str())
                        .with("label", label.as_str()),
                );
            }
            Event::Version { .. }
            | Event::Log { .. }
            | Event::Evidence { .. }
            | Event::StepStarted { .. }
            | Event::StepRetried { .. }
            | Event::Reran { .. }
            | Event::NearLimit { .. }
            | Event::CauseSuspected { .. }
            | Event::StepFinished { .. }
            | Event::StepKept { .. }
            | Event::StepSkipped { .. }
            | Event::CellSkipped { .. }
            | Event::Released { .. }
            | Event::Stopping { .. } => {}
        }
    }

    /// Takes the beginning or the end of an attempt at a cell.
    fn attempt(&mut self, key: &'a StepKey, event: &'a Event) {
        let end = |verdict: &str| Line::new("run_end").with("verdict", verdict);
        if let Event::StepStarted { at, .. } = event {
            self.now = *at;
            self.end_run(key, Verdict::Blocked, BROKEN_OFF);
            self.start_run(key);
        }
        // What was tried again after the verdict was settled ends as it did; the verdict comes last.
        if let Event::StepRetried {
            verdict, detail, ..
        }
        | Event::Reran {
            verdict, detail, ..
        } = event
        {
            self.end_run(key, *verdict, detail);
        }
        if let Event::StepFinished {
            verdict,
            detail,
            at,
            ..
        } = event
        {
            self.now = *at;
            self.ensure_started(key);
            self.end_run(key, *verdict, detail);
        }
        if let Event::StepKept { verdict, .. } = event {
            self.ensure_started(key);
            self.close(key, end(verdict.as_str()).with("cached", true));
        }
        if let Event::StepSkipped { why, .. } = event {
            self.ensure_started(key);
            self.close(key, end("not run").with("detail", why.as_str()));
        }
    }

    fn ensure_started(&mut self, key: &'a StepKey) {
        if !self.runs(key) {
            self.start_run(key);
        }
    }

    fn start_run(&mut self, key: &'a StepKey) {
        self.cells.entry(key).or_default().start();
        let steps = self.steps.get(key).copied().unwrap_or(0);
        self.tell(key, Line::new("run_start").with("total_steps", steps));
    }

    /// Ends an attempt; does nothing when none has begun.
    fn end_run(&mut self, key: &'a StepKey, verdict: Verdict, detail: &str) {
        if self.runs(key) {
            let end = Line::new("run_end").with("verdict", verdict.as_str());
            self.close(key, end.with("detail", detail));
        }
    }

    fn close(&mut self, key: &'a StepKey, end: Line) {
        let open = self.cells.entry(key).or_default().end();
        for line in open {
            self.tell(key, line);
        }
        self.tell(key, end);
    }

    fn runs(&self, key: &StepKey) -> bool {
        self.cells.get(key).is_some_and(Cell::runs)
    }

    /// Ends all that has begun: nothing more comes.
    fn break_off(&mut self) {
        let all: Vec<&StepKey> = self.cells.keys().copied().collect();
        for key in all {
            self.end_run(key, Verdict::Blocked, BROKEN_OFF);
        }
    }

    /// Writes a line about a cell.
    fn tell(&mut self, key: &StepKey, line: Line) {
        let attempt = self.cells.get(key).map_or(1, Cell::attempt);
        let vm = key.parts().and_then(|parts| parts.machine);
        let line = line
            .at(self.now)
            .with("run", self.run.map(RunId::as_str))
            .with("vm", vm)
            .with("cell", key.as_str())
            .with("cell_attempt", attempt);
        self.text.push_str(&line.written(self.secrets));
        self.text.push('\n');
    }
}

fn is_cell(key: &StepKey) -> bool {
    key.phase() == Some(Phase::Exercise)
}

/// Returns how many steps each cell has: as it says itself, or else as many as were told of.
fn steps_of(events: &[Event]) -> BTreeMap<&StepKey, u32> {
    let (mut said, mut told) = (BTreeMap::new(), BTreeMap::new());
    for event in events {
        if let Event::InstructionStarted { key, of, .. } = event
            && *of > 0
        {
            said.insert(key, *of);
        }
        if let Event::Instruction { key, number, .. } = event {
            let most: &mut u32 = told.entry(key).or_default();
            *most = (*most).max(*number);
        }
    }
    told.extend(said);
    told
}
