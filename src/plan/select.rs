//! What part of a plan the user asked for: step keys, globs and filter expressions.
//!
//! ```text
//! machine(debian*) & scenario(smoke/*) & !gpu(none)
//! debian12/none/main.deb/open-note | wayland*
//! ```

use super::{PlanInput, expand::Draft};
use crate::model::{ContentHash, Expectation, Phase, StepIndex, StepKey, StepParts, did_you_mean};
use globset::{Glob, GlobMatcher};

/// What part of a plan is wanted. The default is all of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Only what one of these admits, and what that needs; all when empty.
    pub targets: Vec<Filter>,
    /// Nothing that one of these admits, nor what needs it.
    pub excludes: Vec<Filter>,
    /// What runs although it holds.
    pub replaces: Vec<Filter>,
    /// Only exercises that did not pass last time.
    pub failed: bool,
    /// Only the exercises of one part of several: which, counted from 1, and of how many.
    pub partition: Option<(u64, u64)>,
}

/// A condition on steps.
#[derive(Clone, Debug)]
pub struct Filter {
    text: String,
    condition: Condition,
}

/// Filters are the same when they are written the same.
impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

#[derive(Clone, Debug)]
enum Condition {
    /// The key, or the key without its phase.
    Key(GlobMatcher),
    Field(Field, GlobMatcher),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

#[derive(Clone, Copy, Debug)]
enum Field {
    Machine,
    Gpu,
    Build,
    Format,
    Scenario,
    Phase,
}

const FIELDS: [(&str, Field); 6] = [
    ("machine", Field::Machine),
    ("gpu", Field::Gpu),
    ("build", Field::Build),
    ("format", Field::Format),
    ("scenario", Field::Scenario),
    ("phase", Field::Phase),
];

/// A text is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at character {at} of selector `{text}`{}", hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
pub struct SelectorError {
    /// The text.
    pub text: String,
    /// Where, counted from 1.
    pub at: usize,
    /// What is wrong there.
    pub message: String,
    /// How to put it right.
    pub hint: Option<String>,
}

impl Selection {
    /// Returns the selection of these steps and what they need; they run although they hold.
    pub fn again<'k>(keys: impl Iterator<Item = &'k StepKey>) -> Result<Self, SelectorError> {
        let filters = keys.map(|key| Filter::parse(&globset::escape(key.as_str())));
        let filters = filters.collect::<Result<Vec<Filter>, SelectorError>>()?;
        Ok(Self {
            targets: filters.clone(),
            replaces: filters,
            ..Self::default()
        })
    }

    /// Whether a step with this key is asked for, as far as its key tells.
    pub fn admits(&self, key: &StepKey) -> bool {
        let targeted = self.targets.is_empty() || self.targets.iter().any(|f| f.admits(key));
        targeted && !self.excludes.iter().any(|filter| filter.admits(key)) && self.is_in_part(key)
    }

    /// Whether the step runs although it holds.
    pub(super) fn replaces(&self, key: &StepKey) -> bool {
        self.replaces.iter().any(|filter| filter.admits(key))
    }

    /// Makes one more step run although it holds.
    pub(super) fn also_replace(&mut self, key: &StepKey) {
        let escaped = globset::escape(key.as_str());
        if let Ok(filter) = Filter::parse(&escaped) {
            self.replaces.push(filter);
        }
    }

    /// The same key is always in the same part, whatever else there is.
    fn is_in_part(&self, key: &StepKey) -> bool {
        self.partition.is_none_or(|(part, parts)| {
            let digest = ContentHash::of(key.as_str().as_bytes());
            let number = digest.as_bytes()[..8]
                .iter()
                .fold(0, |n, b| n << 8 | u64::from(*b));
            number % parts == part - 1
        })
    }

    /// Drops the steps that are not asked for and not needed by any that is.
    pub(super) fn narrow(&self, input: &PlanInput<'_>, drafts: Vec<Draft>) -> Vec<Draft> {
        let is_all = self.targets.is_empty() && self.excludes.is_empty();
        if is_all && !self.failed && self.partition.is_none() {
            return drafts;
        }
        let mut wanted = vec![false; drafts.len()];
        let mut dropped = vec![false; drafts.len()];
        for (at, draft) in drafts.iter().enumerate() {
            let key = &draft.step.key;
            let needs_dropped = draft.inherits.iter().any(|(_, need)| dropped[need.get()]);
            dropped[at] = needs_dropped || self.excludes.iter().any(|f| f.admits(key));
            let is_exercise = draft.step.phase == Phase::Exercise;
            let asked = if is_exercise {
                self.admits(key) && (!self.failed || !passed(input, draft))
            } else {
                !self.targets.is_empty() && !self.failed && self.admits(key)
            };
            wanted[at] = asked && !dropped[at];
        }
        for at in (0..drafts.len()).rev() {
            if wanted[at] {
                for (_, need) in &drafts[at].inherits {
                    wanted[need.get()] = true;
                }
            }
        }
        renumber(drafts, &wanted)
    }
}

fn passed(input: &PlanInput<'_>, draft: &Draft) -> bool {
    let last = input.recorded.steps.get(&draft.step.key);
    last.is_some_and(|last| Expectation::judge(draft.expect.as_ref(), last.verdict).holds())
}

fn renumber(drafts: Vec<Draft>, wanted: &[bool]) -> Vec<Draft> {
    let mut next = 0;
    let places = wanted.iter().map(|wanted| {
        let place = StepIndex(next);
        next += u32::from(*wanted);
        place
    });
    let places: Vec<StepIndex> = places.collect();
    let kept = drafts
        .into_iter()
        .zip(wanted)
        .filter(|(_, wanted)| **wanted);
    let moved = kept.map(|(mut draft, _)| {
        for (_, need) in &mut draft.inherits {
            *need = places[need.get()];
        }
        for need in &mut draft.step.needs {
            *need = places[need.get()];
        }
        draft
    });
    moved.collect()
}

impl Filter {
    /// Reads a step key, a cell, a glob or a filter expression.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let mut reader = Reader { text, at: 0 };
        let condition = reader.any()?;
        reader.skip_space();
        if reader.at < text.len() {
            return Err(reader.error(
                "there is more than one condition",
                Some("join them with `&` or `|`"),
            ));
        }
        Ok(Self {
            text: text.into(),
            condition,
        })
    }

    /// Whether a step with this key fits.
    pub fn admits(&self, key: &StepKey) -> bool {
        key.parts()
            .is_some_and(|parts| self.condition.admits(key, &parts))
    }
}

impl Condition {
    fn admits(&self, key: &StepKey, parts: &StepParts<'_>) -> bool {
        match self {
            Self::Key(glob) => {
                let path = key.as_str().rsplit_once(':').map_or("", |(path, _)| path);
                glob.is_match(key.as_str()) || glob.is_match(path)
            }
            Self::Field(field, glob) => {
                let value = match field {
                    Field::Machine => parts.machine,
                    Field::Gpu => parts.gpu,
                    Field::Build => parts.build,
                    Field::Format => parts.format,
                    Field::Scenario => parts.scenario,
                    Field::Phase => Some(parts.phase.as_str()),
                };
                value.is_some_and(|value| glob.is_match(value))
            }
            Self::Not(inner) => !inner.admits(key, parts),
            Self::All(inner) => inner.iter().all(|condition| condition.admits(key, parts)),
            Self::Any(inner) => inner.iter().any(|condition| condition.admits(key, parts)),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn any(&mut self) -> Result<Condition, SelectorError> {
        let mut conditions = vec![self.all()?];
        while self.take('|') {
            conditions.push(self.all()?);
        }
        Ok(one_or(conditions, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, SelectorError> {
        let mut conditions = vec![self.single()?];
        while self.take('&') {
            conditions.push(self.single()?);
        }
        Ok(one_or(conditions, Condition::All))
    }

    fn single(&mut self) -> Result<Condition, SelectorError> {
        if self.take('!') {
            return Ok(Condition::Not(Box::new(self.single()?)));
        }
        if self.take('(') {
            let inner = self.any()?;
            return self.close().map(|()| inner);
        }
        let start = self.at;
        let word = self.word();
        if word.is_empty() {
            return Err(self.error("a condition is missing", None));
        }
        if !self.take('(') {
            return Ok(Condition::Key(self.glob(&word, start)?));
        }
        let Some((_, field)) = FIELDS.into_iter().find(|(name, _)| *name == word) else {
            self.at = start;
            let near = did_you_mean(&word, FIELDS.iter().map(|(name, _)| *name));
            let hint = near.map_or_else(
                || "fields are machine, gpu, build, format, scenario, phase".into(),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(self.error(&format!("there is no field `{word}`"), Some(&hint)));
        };
        let start = self.at;
        let word = self.word();
        let glob = self.glob(&word, start)?;
        self.close()?;
        Ok(Condition::Field(field, glob))
    }

    fn close(&mut self) -> Result<(), SelectorError> {
        if self.take(')') {
            Ok(())
        } else {
            Err(self.error("`)` is missing", None))
        }
    }

    fn glob(&mut self, word: &str, start: usize) -> Result<GlobMatcher, SelectorError> {
        Glob::new(word)
            .map(|glob| glob.compile_matcher())
            .map_err(|err| {
                self.at = start;
                self.error(
                    &format!("`{word}` is not a glob"),
                    Some(&err.kind().to_string()),
                )
            })
    }

    fn word(&mut self) -> String {
        self.skip_space();
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| c.is_whitespace() || "&|()".contains(c));
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        word.into()
    }

    fn take(&mut self, wanted: char) -> bool {
        self.skip_space();
        let found = self.text[self.at..].starts_with(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn error(&self, message: &str, hint: Option<&str>) -> SelectorError {
        SelectorError {
            text: self.text.into(),
            at: self.text[..self.at].chars().count() + 1,
            message: message.into(),
            hint: hint.map(Into::into),
        }
    }
}

fn one_or(mut conditions: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    if conditions.len() == 1 {
        conditions.remove(0)
    } else {
        join(conditions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(filter: &str, key: &str, admitted: bool) {
        let filter = Filter::parse(filter).unwrap();
        assert_eq!(
            filter.admits(&key.into()),
            admitted,
            "{} on {key}",
            filter.text
        );
    }

    #[test]
    fn filters_look_at_fields_and_keys() {
        let key = "debian12/none/main.deb/smoke/x11:exercise";
        check("machine(debian*) & scenario(smoke/*)", key, true);
        check("machine(debian*) & !gpu(none)", key, false);
        check("debian12/none/main.deb/smoke/x11", key, true);
        check("debian12*", key, true);
        check("(build(other) | phase(exercise)) & format(deb)", key, true);
        check("scenario(x11)", key, false);
        check("machine(debian12)", "main.deb:build", false);
    }

    #[test]
    fn mistakes_are_placed() {
        let message = |text: &str| Filter::parse(text).unwrap_err().to_string();
        insta::assert_snapshot!(message("machne(a)"), @"there is no field `machne` at character 1 of selector `machne(a)`; did you mean `machine`?");
        insta::assert_snapshot!(message("a &"), @"a condition is missing at character 4 of selector `a &`");
        insta::assert_snapshot!(message("machine(a"), @"`)` is missing at character 10 of selector `machine(a`");
        insta::assert_snapshot!(message("a b"), @"there is more than one condition at character 3 of selector `a b`; join them with `&` or `|`");
        insta::assert_snapshot!(message("a & [b"), @"`[b` is not a glob at character 5 of selector `a & [b`; unclosed character class; missing ']'");
    }
}
