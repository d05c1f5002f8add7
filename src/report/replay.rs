//! How each event changes the view of a run.

use super::{Attempt, EvidenceView, InstructionView, Pulse, RunEnd, RunView, StepState, StepView};
use crate::model::{Event, StepKey, Timestamp, Verdict};

impl RunView {
    /// Takes one more event.
    pub fn apply(&mut self, event: &Event) {
        if let Some(at) = time_of(event) {
            self.last_seen = self.last_seen.max(Some(at));
        }
        if !self.apply_to_run(event) {
            self.apply_to_step(event);
        }
    }

    /// Takes what is about the run as a whole, and returns whether `event` is.
    fn apply_to_run(&mut self, event: &Event) -> bool {
        match event {
            Event::Version { mosdat, .. } => self.mosdat.clone_from(mosdat),
            Event::RunStarted {
                run,
                matrix,
                plan_id,
                at,
                totals,
            } => {
                self.run = Some(run.clone());
                self.matrix.clone_from(matrix);
                self.plan_id = Some(*plan_id);
                self.started = Some(*at);
                self.totals = *totals;
            }
            Event::Released { error, .. } if error.is_empty() => self.released += 1,
            Event::Released { what, error } => {
                self.release_errors.push((what.clone(), error.clone()));
            }
            Event::Heartbeat {
                at,
                waiting,
                remaining_ms,
                ..
            } => {
                self.pulse = Some(Pulse {
                    at: *at,
                    waiting: waiting.clone(),
                    remaining_ms: *remaining_ms,
                });
            }
            Event::Stopping { at, .. } => self.stopping = Some(*at),
            Event::RunFinished {
                at,
                summary,
                exit_code,
                ..
            } => {
                self.end = Some(RunEnd {
                    at: *at,
                    summary: summary.clone(),
                    exit_code: *exit_code,
                });
            }
            Event::StepKept { .. }
            | Event::StepStarted { .. }
            | Event::Log { .. }
            | Event::InstructionStarted { .. }
            | Event::Instruction { .. }
            | Event::Evidence { .. }
            | Event::StepRetried { .. }
            | Event::Reran { .. }
            | Event::NearLimit { .. }
            | Event::CauseSuspected { .. }
            | Event::StepFinished { .. }
            | Event::StepSkipped { .. }
            | Event::CellSkipped { .. } => return false,
        }
        true
    }

    fn apply_to_step(&mut self, event: &Event) {
        match event {
            Event::StepKept {
                key,
                verdict,
                run,
                duration_ms,
                cut_off,
            } => {
                self.step(key).state = StepState::Kept {
                    verdict: *verdict,
                    run: run.clone(),
                    duration_ms: *duration_ms,
                    cut_off: *cut_off,
                };
            }
            Event::StepStarted {
                key,
                reason,
                attempt,
                at,
                lease,
            } => {
                let step = self.step(key);
                step.reason = Some(reason.clone());
                step.lease.clone_from(lease);
                step.state = StepState::Open;
                step.attempts.push(Attempt {
                    number: *attempt,
                    started: Some(*at),
                    ..Attempt::default()
                });
            }
            Event::StepSkipped { key, why } => {
                self.step(key).state = StepState::NotRun { why: why.clone() };
            }
            Event::CellSkipped { key, why } => {
                self.step(key).state = StepState::LeftOut { why: why.clone() };
            }
            Event::Log { key, at, text } => self.step(key).current().log.push(*at, text),
            Event::Instruction { .. } | Event::Evidence { .. } => self.apply_finding(event),
            Event::StepRetried { .. } | Event::Reran { .. } | Event::StepFinished { .. } => {
                self.apply_end(event);
            }
            Event::NearLimit { key, latency } => self.step(key).near_limits.push(latency.clone()),
            Event::CauseSuspected { key, cause } => self.step(key).cause = Some(cause.clone()),
            Event::Version { .. }
            | Event::RunStarted { .. }
            | Event::InstructionStarted { .. }
            | Event::Released { .. }
            | Event::Heartbeat { .. }
            | Event::Stopping { .. }
            | Event::RunFinished { .. } => {}
        }
    }

    /// Takes what was seen during an attempt.
    fn apply_finding(&mut self, event: &Event) {
        if let Event::Instruction {
            key,
            at,
            number,
            path,
            label,
            verdict,
            detail,
            rung,
            attempts,
            duration_ms,
            limit_ms,
            sights,
        } = event
        {
            self.step(key).current().instructions.push(InstructionView {
                number: if path.is_empty() {
                    number.to_string()
                } else {
                    path.clone()
                },
                limit_ms: *limit_ms,
                attempts: *attempts,
                sights: sights.clone(),
                at: *at,
                label: label.clone(),
                verdict: *verdict,
                detail: detail.clone(),
                rung: rung.clone(),
                duration_ms: *duration_ms,
            });
        }
        if let Event::Evidence {
            key,
            at,
            kind,
            label,
            file,
        } = event
        {
            let attempt = self.step(key).current();
            let after = attempt.instructions.len();
            attempt.evidence.push(EvidenceView {
                at: *at,
                kind: *kind,
                label: label.clone(),
                file: file.clone(),
                after,
            });
        }
    }

    /// Takes the end of an attempt, or of a step with its last attempt.
    fn apply_end(&mut self, event: &Event) {
        if let Event::StepRetried {
            key,
            verdict,
            detail,
            duration_ms,
            ..
        }
        | Event::Reran {
            key,
            verdict,
            detail,
            duration_ms,
            ..
        } = event
        {
            let step = self.step(key);
            let attempt = step.unfinished_attempt();
            attempt.end(*verdict, detail, *duration_ms);
            attempt.is_rerun = matches!(event, Event::Reran { .. });
            step.state = StepState::Open;
        }
        if let Event::StepFinished {
            key,
            verdict,
            detail,
            attempts,
            duration_ms,
            ..
        } = event
        {
            let step = self.step(key);
            // An attempt that only told more about a failure has its own end already.
            if !step.has_ended(*attempts) {
                step.unfinished_attempt()
                    .end(*verdict, detail, *duration_ms);
            }
            step.state = StepState::Finished {
                verdict: *verdict,
                detail: detail.clone(),
                attempts: *attempts,
                duration_ms: *duration_ms,
            };
        }
    }

    fn step(&mut self, key: &StepKey) -> &mut StepView {
        let new = || StepView::new(key.clone());
        self.steps.entry(key.clone()).or_insert_with(new)
    }
}

impl Attempt {
    fn end(&mut self, verdict: Verdict, detail: &str, duration_ms: u64) {
        self.verdict = Some(verdict);
        self.detail = detail.into();
        self.duration_ms = duration_ms;
    }
}

fn time_of(event: &Event) -> Option<Timestamp> {
    match event {
        Event::RunStarted { at, .. }
        | Event::StepStarted { at, .. }
        | Event::Log { at, .. }
        | Event::InstructionStarted { at, .. }
        | Event::Instruction { at, .. }
        | Event::Evidence { at, .. }
        | Event::StepFinished { at, .. }
        | Event::Heartbeat { at, .. }
        | Event::Stopping { at, .. }
        | Event::RunFinished { at, .. } => Some(*at),
        Event::Version { .. }
        | Event::StepKept { .. }
        | Event::StepRetried { .. }
        | Event::Reran { .. }
        | Event::NearLimit { .. }
        | Event::CauseSuspected { .. }
        | Event::StepSkipped { .. }
        | Event::CellSkipped { .. }
        | Event::Released { .. } => None,
    }
}
