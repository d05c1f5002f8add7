//! What the events say about one step.
//!
//! It does not judge: the verdict is the one that the run told.

use super::LogView;
use crate::model::{
    CLEANUP, Cause, EvidenceKind, Latency, LeaseId, Reason, RunId, Sight, StepKey, Timestamp,
    Verdict,
};

/// What the events say about one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepView {
    /// Which.
    pub key: StepKey,
    /// Why it had to run.
    pub reason: Option<Reason>,
    /// The machine it held last.
    pub lease: Option<LeaseId>,
    /// Each try, in order; none for a step that did not run.
    pub attempts: Vec<Attempt>,
    /// Instructions that usually take nearly as long as they may.
    pub near_limits: Vec<Latency>,
    /// Who probably has to look into its failure.
    pub cause: Option<Cause>,
    /// Where it stands.
    pub state: StepState,
}

/// Where a step stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StepState {
    /// It was spoken of, and no end of it was told.
    #[default]
    Open,
    /// It ended.
    Finished {
        /// How, as the plan file sees it.
        verdict: Verdict,
        /// In words, when it did not pass.
        detail: String,
        /// How often it was tried.
        attempts: u32,
        /// How long the last attempt took, in milliseconds.
        duration_ms: u64,
    },
    /// Its last result still holds.
    Kept {
        /// That result.
        verdict: Verdict,
        /// The run it is from.
        run: RunId,
        /// How long it took then, in milliseconds.
        duration_ms: u64,
        /// Whether this turned out during the run.
        cut_off: bool,
    },
    /// It will not run: one it needs did not pass, or the run was stopped.
    NotRun {
        /// Why.
        why: String,
    },
    /// The plan file leaves it out.
    LeftOut {
        /// Why.
        why: String,
    },
}

/// One try at a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    /// Counted from 1.
    pub number: u32,
    /// When it began.
    pub started: Option<Timestamp>,
    /// How it ended, when it has.
    pub verdict: Option<Verdict>,
    /// What was seen.
    pub detail: String,
    /// Whether it only told more about a failure.
    pub is_rerun: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The instructions that ended, in order.
    pub instructions: Vec<InstructionView>,
    /// What there is to look at, in order.
    pub evidence: Vec<EvidenceView>,
    /// What its programs wrote.
    pub log: LogView,
}

/// One instruction of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstructionView {
    /// Its number in the scenario, counted from 1, and behind dots those within it: `3.1`.
    pub number: String,
    /// When it ended.
    pub at: Timestamp,
    /// What it says.
    pub label: String,
    /// How it went.
    pub verdict: Verdict,
    /// What was seen instead; empty when it passed.
    pub detail: String,
    /// Which way of looking found the target.
    pub rung: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How long it may take at one attempt, in milliseconds; 0 where nothing says.
    pub limit_ms: u64,
    /// How often it was done; 0 where nothing says.
    pub attempts: u32,
    /// What it looked for.
    pub sights: Vec<Sight>,
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceView {
    /// When it was kept.
    pub at: Timestamp,
    /// What sort of thing.
    pub kind: EvidenceKind,
    /// What it shows.
    pub label: String,
    /// Where it lies, relative to the run's folder.
    pub file: String,
    /// How many instructions of its attempt had ended before.
    pub after: usize,
}

impl StepView {
    /// Starts with a step of which nothing but its name is known.
    pub fn new(key: StepKey) -> Self {
        Self {
            key,
            reason: None,
            lease: None,
            attempts: Vec::new(),
            near_limits: Vec::new(),
            cause: None,
            state: StepState::Open,
        }
    }

    /// Returns the attempt that is running, or ran last; begins one when there is none.
    pub(super) fn current(&mut self) -> &mut Attempt {
        if self.attempts.is_empty() {
            self.begin_attempt();
        }
        self.attempts.last_mut().expect("one was just added")
    }

    /// Whether attempt `number` is the last one and was told to have ended.
    pub(super) fn has_ended(&self, number: u32) -> bool {
        let last = self.attempts.last();
        last.is_some_and(|last| last.number == number && last.verdict.is_some())
    }

    /// Returns the attempt that is running; begins one when the last has ended already, so that an
    /// end never overwrites another.
    pub(super) fn unfinished_attempt(&mut self) -> &mut Attempt {
        let has_ended = |attempt: &Attempt| attempt.verdict.is_some();
        if self.attempts.last().is_none_or(has_ended) {
            self.begin_attempt();
        }
        self.current()
    }

    fn begin_attempt(&mut self) {
        self.attempts.push(Attempt {
            number: self.attempts.len() as u32 + 1,
            ..Attempt::default()
        });
    }

    /// Returns how often it was tried, as far as was told.
    pub fn tries(&self) -> usize {
        match self.state {
            StepState::Finished { attempts, .. } => self.attempts.len().max(attempts as usize),
            StepState::Open
            | StepState::Kept { .. }
            | StepState::NotRun { .. }
            | StepState::LeftOut { .. } => self.attempts.len(),
        }
    }

    /// Returns what was seen, or why it did not run; empty when there is nothing to say.
    pub fn detail(&self) -> &str {
        match &self.state {
            StepState::Finished { detail, .. } => detail,
            StepState::NotRun { why } | StepState::LeftOut { why } => why,
            StepState::Open | StepState::Kept { .. } => "",
        }
    }

    /// Returns how long its last attempt took, here or in the run that it was kept from.
    pub fn duration_ms(&self) -> Option<u64> {
        match self.state {
            StepState::Finished { duration_ms, .. } | StepState::Kept { duration_ms, .. } => {
                Some(duration_ms)
            }
            StepState::Open | StepState::NotRun { .. } | StepState::LeftOut { .. } => None,
        }
    }

    /// Returns the run that its verdict was kept from.
    pub fn kept_from(&self) -> Option<&RunId> {
        match &self.state {
            StepState::Kept { run, .. } => Some(run),
            StepState::Open
            | StepState::Finished { .. }
            | StepState::NotRun { .. }
            | StepState::LeftOut { .. } => None,
        }
    }

    /// Returns the instruction of the last attempt at which it went wrong.
    pub fn failing_instruction(&self) -> Option<&InstructionView> {
        self.attempts.last()?.failing_instruction()
    }

    /// Whether there is nothing to show but its verdict.
    pub fn is_bare(&self) -> bool {
        self.attempts.iter().all(Attempt::is_bare)
    }
}

impl Attempt {
    /// Returns the first instruction that did not do what was expected. What comes of a cleanup
    /// changes no verdict, so it is never the one.
    pub fn failing_instruction(&self) -> Option<&InstructionView> {
        let went_wrong = |one: &&InstructionView| {
            let is_bad = matches!(one.verdict, Verdict::Failed | Verdict::Blocked);
            is_bad && !one.label.starts_with(CLEANUP)
        };
        let last = self.instructions.iter().rfind(went_wrong)?;
        let within = format!("{}.", last.number);
        let mut all = self.instructions.iter().filter(went_wrong);
        all.find(|one| one.number.starts_with(&within))
            .or(Some(last))
    }

    /// Returns the number of the instruction that `evidence` belongs to: the one its file is
    /// numbered after, or else the one that was being carried out when it was kept.
    pub fn instruction_of(&self, evidence: &EvidenceView) -> Option<&str> {
        let name = evidence.file.rsplit('/').next().unwrap_or_default();
        let digits = name.split(|c: char| !c.is_ascii_digit() && c != '.').next();
        let numbered = digits.map(|digits| digits.trim_start_matches('0').trim_end_matches('.'));
        let mut all = self.instructions.iter();
        let found = all.find(|one| Some(one.number.as_str()) == numbered);
        let running = self.instructions.get(evidence.after);
        let found = found.or(running).or(self.instructions.last());
        found.map(|one| one.number.as_str())
    }

    fn is_bare(&self) -> bool {
        self.instructions.is_empty() && self.evidence.is_empty() && self.log.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instruction(number: &str) -> InstructionView {
        InstructionView {
            number: number.into(),
            at: Timestamp(0),
            label: String::new(),
            verdict: Verdict::Passed,
            detail: String::new(),
            rung: String::new(),
            duration_ms: 0,
            limit_ms: 0,
            attempts: 1,
            sights: Vec::new(),
        }
    }

    fn evidence(file: &str, after: usize) -> EvidenceView {
        EvidenceView {
            at: Timestamp(0),
            kind: EvidenceKind::Frame,
            label: String::new(),
            file: file.into(),
            after,
        }
    }

    #[test]
    fn evidence_belongs_to_the_instruction_its_file_is_numbered_after() {
        let attempt = Attempt {
            instructions: ["1", "2", "3.1", "3"].map(instruction).into(),
            ..Attempt::default()
        };
        let check = |file, after, expected| {
            let evidence = evidence(file, after);
            assert_eq!(attempt.instruction_of(&evidence), Some(expected), "{file}");
        };
        check("evidence/a/02-click.png", 0, "2");
        check("evidence/a/03.1-click.png", 0, "3.1");
        check("evidence/a/screen.png", 0, "1");
        check("evidence/a/screen.png", 4, "3");
        check("evidence/a/99-odd.png", 1, "2");
    }

    #[test]
    fn a_cleanup_that_did_not_work_is_not_what_went_wrong() {
        let mut cleanup = instruction("2");
        cleanup.label = "cleanup: remove the note".into();
        cleanup.verdict = Verdict::Failed;
        let mut attempt = Attempt {
            instructions: vec![instruction("1"), cleanup],
            ..Attempt::default()
        };
        assert_eq!(attempt.failing_instruction(), None);
        attempt.instructions[0].verdict = Verdict::Blocked;
        let failing = |attempt: &Attempt| Some(attempt.failing_instruction()?.number.clone());
        assert_eq!(failing(&attempt).unwrap(), "1");
        // One that need not pass is not it when another one follows that did; and of steps within
        // each other it is the innermost.
        for (number, verdict) in [("3.2", Verdict::Failed), ("3", Verdict::Failed)] {
            let mut one = instruction(number);
            one.verdict = verdict;
            attempt.instructions.push(one);
        }
        assert_eq!(failing(&attempt).unwrap(), "3.2");
    }
}
