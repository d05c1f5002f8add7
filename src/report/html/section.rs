//! What the page says about one step.

use super::{
    film::Film,
    pictures::{Embedded, Embedder},
    sights::SightLine,
};
use crate::{
    model::{EvidenceKind, Verdict},
    report::{Attempt, EvidenceView, InstructionView, RunView, Standing, StepView, words},
};
use serde::Serialize;

const DETAIL_LENGTH: usize = 20_000;
const LABEL_LENGTH: usize = 300;

/// Steps that lie deeper are indented no further.
const DEEPEST: usize = 4;

/// From how many hundredths of its time on a step came near its time-out.
const NEAR: u64 = 80;

/// A sign, a word and a class.
#[derive(Debug, Serialize)]
pub(super) struct Badge {
    pub(super) symbol: char,
    pub(super) word: &'static str,
    pub(super) class: &'static str,
}

/// All about one step.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    pub(super) id: String,
    pub(super) badge: Badge,
    pub(super) name: Name,
    pub(super) is_open: bool,
    pub(super) cached_from: Option<String>,
    pub(super) took: String,
    pub(super) tries: usize,
    pub(super) reason: String,
    pub(super) detail: String,
    /// Who probably has to look into its failure, and why.
    pub(super) cause: Option<String>,
    /// Instructions that usually take nearly as long as they may.
    pub(super) near_limits: Vec<String>,
    /// The last first.
    pub(super) attempts: Vec<AttemptPart>,
}

/// A step in a line of a table.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) badge: Badge,
    pub(super) name: Name,
    pub(super) cached_from: Option<String>,
    pub(super) took: String,
    pub(super) detail: String,
}

/// What a step is called: what it does, and where.
#[derive(Debug, Serialize)]
pub(super) struct Name {
    pub(super) what: String,
    pub(super) place: String,
}

/// One attempt.
#[derive(Debug, Serialize)]
pub(super) struct AttemptPart {
    pub(super) number: u32,
    pub(super) badge: Badge,
    pub(super) took: String,
    pub(super) detail: String,
    pub(super) is_last: bool,
    pub(super) film: Film,
    pub(super) instructions: Vec<Line>,
    pub(super) log: String,
    pub(super) log_lines: String,
    pub(super) texts: Vec<TextPart>,
}

/// One instruction.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) number: String,
    /// How many steps it lies within.
    pub(super) depth: usize,
    /// How often it was done, where that is more than once.
    pub(super) attempts: Option<u32>,
    /// How near its time-out it came, where that was near.
    pub(super) near: Option<String>,
    pub(super) sights: Vec<SightLine>,
    pub(super) badge: Badge,
    pub(super) label: String,
    pub(super) rung: String,
    pub(super) took: String,
    pub(super) detail: String,
    pub(super) picture: Option<String>,
}

/// A text to look at.
#[derive(Debug, Serialize)]
pub(super) struct TextPart {
    pub(super) label: String,
    pub(super) file: String,
    pub(super) text: Option<String>,
    pub(super) missing: &'static str,
}

impl Section {
    /// Shows `step` at the place `id`.
    pub(super) fn of(
        view: &RunView,
        step: &StepView,
        id: &str,
        embedder: &mut Embedder<'_>,
    ) -> Self {
        let standing = view.standing(step);
        // Those that only told more about a failure say nothing about how the step ended.
        let last = step.attempts.iter().rposition(|one| !one.is_rerun);
        let attempts = step
            .attempts
            .iter()
            .enumerate()
            .rev()
            .map(|(index, attempt)| {
                let is_last = Some(index) == last;
                let ended = attempt.verdict.map(Standing::Finished);
                // The last attempt of a flaky step passed; the step says what became of all of them.
                let standing = if is_last {
                    standing
                } else {
                    ended.unwrap_or(Standing::Unfinished)
                };
                AttemptPart::of(attempt, standing, is_last, id, embedder)
            });
        Self {
            id: id.into(),
            attempts: attempts.collect(),
            badge: badge(standing),
            name: name(step),
            is_open: false,
            cached_from: cached_from(step),
            took: took(step),
            tries: step.tries(),
            reason: step
                .reason
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            detail: detail(step.detail()),
            cause: step.cause.as_ref().map(words::cause),
            near_limits: step.near_limits.iter().map(words::near_limit).collect(),
        }
    }
}

impl Row {
    /// Shows `step` at the place `id`.
    pub(super) fn of(view: &RunView, step: &StepView, id: &str) -> Self {
        Self {
            id: id.into(),
            badge: badge(view.standing(step)),
            name: name(step),
            cached_from: cached_from(step),
            took: took(step),
            detail: words::one_line(step.detail(), LABEL_LENGTH),
        }
    }
}

impl AttemptPart {
    fn of(
        attempt: &Attempt,
        standing: Standing,
        is_last: bool,
        place: &str,
        embedder: &mut Embedder<'_>,
    ) -> Self {
        let went_wrong = !standing.holds() || standing.verdict() == Some(Verdict::Expected);
        let film = Film::of(attempt, went_wrong, place, embedder);
        let lines = attempt.instructions.iter().map(|one| Line::of(one, &film));
        let texts = attempt
            .evidence
            .iter()
            .filter(|one| one.kind != EvidenceKind::Frame);
        Self {
            number: attempt.number,
            badge: badge(standing),
            took: words::duration(attempt.duration_ms),
            detail: detail(&attempt.detail),
            is_last,
            instructions: lines.collect(),
            log: attempt.log.to_text(),
            log_lines: words::count(attempt.log.len(), "line", "lines"),
            texts: texts.map(|one| TextPart::of(one, embedder)).collect(),
            film,
        }
    }
}

impl Line {
    fn of(one: &InstructionView, film: &Film) -> Self {
        Self {
            number: one.number.clone(),
            depth: one.number.matches('.').count().min(DEEPEST),
            attempts: Some(one.attempts).filter(|times| *times > 1),
            near: near(one),
            sights: one.sights.iter().map(SightLine::of).collect(),
            badge: badge(Standing::Finished(one.verdict)),
            label: words::one_line(&one.label, LABEL_LENGTH),
            rung: words::one_line(&one.rung, LABEL_LENGTH),
            took: words::duration(one.duration_ms),
            detail: detail(&one.detail),
            picture: film.picture_of(&one.number),
        }
    }
}

impl TextPart {
    fn of(evidence: &EvidenceView, embedder: &mut Embedder<'_>) -> Self {
        let (text, missing) = match embedder.text(&evidence.file) {
            Embedded::Text(text) => (Some(text), ""),
            Embedded::Picture(_) => (None, "the file is not text"),
            Embedded::Nothing(why) => (None, why),
        };
        Self {
            label: words::one_line(&evidence.label, LABEL_LENGTH),
            file: words::clean(&evidence.file),
            text,
            missing,
        }
    }
}

/// Says how near its time-out an instruction came that did not run into it.
fn near(one: &InstructionView) -> Option<String> {
    let limit = one.limit_ms * u64::from(one.attempts.max(1));
    let held = matches!(
        one.verdict,
        Verdict::Passed | Verdict::Flaky | Verdict::Expected
    );
    let is_near = limit > 0 && one.duration_ms.saturating_mul(100) > limit.saturating_mul(NEAR);
    (held && is_near).then(|| {
        let (took, limit) = (words::duration(one.duration_ms), words::duration(limit));
        format!("near its time-out: {took} of {limit}")
    })
}

/// Returns the sign, word and class of a standing.
pub(super) fn badge(standing: Standing) -> Badge {
    Badge {
        symbol: words::symbol(standing),
        word: standing.word(),
        class: class(standing),
    }
}

/// Returns the class that colours a standing.
pub(super) fn class(standing: Standing) -> &'static str {
    match standing {
        Standing::Finished(verdict) | Standing::Kept(verdict) => verdict.as_str(),
        Standing::Running => "running",
        Standing::Unfinished => "unfinished",
        Standing::NotRun => "not-run",
        Standing::LeftOut => "left-out",
    }
}

/// Returns how long a step took; empty when that is not known.
pub(super) fn took(step: &StepView) -> String {
    step.duration_ms().map(words::duration).unwrap_or_default()
}

fn name(step: &StepView) -> Name {
    let parts = step.key.parts();
    let what = parts.and_then(|parts| parts.scenario.map(str::to_owned));
    let Some(parts) = parts else {
        let what = words::clean(step.key.as_str());
        let place = String::new();
        return Name { what, place };
    };
    let gpu = parts.gpu.map(words::gpu);
    let artifact = parts
        .build
        .zip(parts.format)
        .map(|(build, format)| format!("{build}.{format}"));
    let place = [parts.machine.map(str::to_owned), gpu, artifact];
    let place: Vec<String> = place.into_iter().flatten().collect();
    Name {
        what: what.unwrap_or_else(|| parts.phase.to_string()),
        place: place.join(" · "),
    }
}

fn cached_from(step: &StepView) -> Option<String> {
    step.kept_from().map(ToString::to_string)
}

fn detail(text: &str) -> String {
    words::cut(&words::clean(text), DETAIL_LENGTH)
}
