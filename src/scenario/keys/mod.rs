//! Every key of the language, in one table: what the reader knows, what editors offer, and what the
//! reference says.
//!
//! It reads nothing. `read` asks it which keys a map may have, `schema` and `reference` write it down.

mod around;
mod step;
mod target;

use std::fmt;

/// A key of the language.
#[derive(Clone, Copy, Debug)]
pub struct KnownKey {
    /// The map it stands in.
    pub holder: Holder,
    /// Its name.
    pub name: &'static str,
    /// What may stand behind it.
    pub takes: Takes,
    /// What it does, as one sentence.
    pub does: &'static str,
    /// What holds where it is missing.
    pub usual: Usual,
    /// The key that means the same and is the one to write.
    pub alias_of: Option<&'static str>,
    /// What stands in its holder to use it, as the inside of a YAML map in braces.
    pub example: &'static str,
}

/// What holds where a key is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usual {
    /// Nothing is said.
    Nothing,
    /// The same as this.
    Is(&'static str),
    /// It cannot be missing.
    Needed,
}

/// A map of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// The scenario.
    Document,
    /// A step: the keys that make it do something, of which it has one at most.
    Action,
    /// A step: the keys that say more about its click.
    Clicking,
    /// A step: the keys that are pressed.
    Typing,
    /// A step: what must hold then.
    Expecting,
    /// A step, with all of those.
    Step,
    /// Something to look for.
    Target,
    /// A target in a question.
    Check,
    /// A target that is clicked.
    Click,
    /// What is waited for.
    WaitFor,
    /// Both ends of a drag.
    Drag,
    /// How a wheel is turned.
    Scroll,
    /// A program that runs or does not.
    App,
    /// A routine that is called.
    Call,
    /// Who tries to put right what went wrong.
    Agent,
    /// The issue that tells of a bug.
    Issue,
    /// A named part of a scenario.
    Phase,
    /// The document of a routine.
    Routine,
    /// An input of a routine.
    Input,
    /// Other steps of a routine.
    Fallback,
    /// The document of a fixture.
    Fixture,
    /// How a fixture leaves the machine.
    VmState,
}

/// What may stand behind a key.
#[derive(Clone, Copy, Debug)]
pub enum Takes {
    /// A text that says something.
    Text,
    /// `true` or `false`.
    Flag,
    /// A number of seconds above zero.
    Seconds,
    /// A whole number from the first to the last.
    Whole(u32, u32),
    /// One of these words.
    Words(&'static [&'static str]),
    /// Texts.
    Texts,
    /// One or more of these words.
    AnyWords(&'static [&'static str]),
    /// Left edge, top edge, width and height.
    Area,
    /// Steps.
    Steps,
    /// A statement, or something to look for.
    Check,
    /// Several of those.
    Checks,
    /// A map of that sort.
    Map(Holder),
    /// A list of maps of that sort.
    Maps(Holder),
    /// Maps of that sort, by name.
    Named(Holder),
    /// A map of anything.
    Values,
    /// Anything.
    Anything,
    /// One of several.
    Either(&'static [Self]),
}

impl Holder {
    /// Every map, in the order of the reference.
    pub const ALL: [Self; 22] = [
        Self::Document,
        Self::Action,
        Self::Clicking,
        Self::Typing,
        Self::Expecting,
        Self::Step,
        Self::Target,
        Self::Check,
        Self::Click,
        Self::WaitFor,
        Self::Drag,
        Self::Scroll,
        Self::App,
        Self::Call,
        Self::Agent,
        Self::Issue,
        Self::Phase,
        Self::Routine,
        Self::Input,
        Self::Fallback,
        Self::Fixture,
        Self::VmState,
    ];

    /// Returns its name, which is that of its table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Action => "action",
            Self::Clicking => "clicking",
            Self::Typing => "typing",
            Self::Expecting => "expecting",
            Self::Step => "step",
            Self::Target => "target",
            Self::Check => "check",
            Self::Click => "click",
            Self::WaitFor => "wait_for",
            Self::Drag => "drag",
            Self::Scroll => "scroll",
            Self::App => "app_running",
            Self::Call => "routine-call",
            Self::Agent => "on_failure_agent",
            Self::Issue => "issue",
            Self::Phase => "phase",
            Self::Routine => "routine",
            Self::Input => "input",
            Self::Fallback => "fallback",
            Self::Fixture => "fixture",
            Self::VmState => "vm_state",
        }
    }

    /// Returns the holders whose keys may stand in it.
    fn parts(self) -> &'static [Self] {
        match self {
            Self::Step => &[
                Self::Action,
                Self::Clicking,
                Self::Typing,
                Self::Expecting,
                Self::Step,
            ],
            Self::Check => &[Self::Target, Self::Check],
            Self::Click => &[Self::Target, Self::Click],
            Self::Document => &[Self::Document],
            Self::Action => &[Self::Action],
            Self::Clicking => &[Self::Clicking],
            Self::Typing => &[Self::Typing],
            Self::Expecting => &[Self::Expecting],
            Self::Target => &[Self::Target],
            Self::WaitFor => &[Self::WaitFor],
            Self::Drag => &[Self::Drag],
            Self::Scroll => &[Self::Scroll],
            Self::App => &[Self::App],
            Self::Call => &[Self::Call],
            Self::Agent => &[Self::Agent],
            Self::Issue => &[Self::Issue],
            Self::Phase => &[Self::Phase],
            Self::Routine => &[Self::Routine],
            Self::Input => &[Self::Input],
            Self::Fallback => &[Self::Fallback],
            Self::Fixture => &[Self::Fixture],
            Self::VmState => &[Self::VmState],
        }
    }
}

/// Returns every key of the language.
pub fn all() -> impl Iterator<Item = &'static KnownKey> {
    (around::DOCUMENT.iter())
        .chain(step::KEYS)
        .chain(target::KEYS)
        .chain(around::OTHERS)
}

/// Returns the keys that may stand in `holder`.
pub fn of(holder: Holder) -> impl Iterator<Item = &'static KnownKey> {
    all().filter(move |key| holder.parts().contains(&key.holder))
}

/// Returns the names of the keys that may stand in `holder`.
pub(super) fn names(holder: Holder) -> Vec<&'static str> {
    of(holder).map(|key| key.name).collect()
}

/// Whether a key called `name` may stand in `holder`.
pub(super) fn knows(holder: Holder, name: &str) -> bool {
    of(holder).any(|key| key.name == name)
}

/// A key with nothing said beyond what every key says.
const fn key(
    holder: Holder,
    name: &'static str,
    takes: Takes,
    does: &'static str,
    example: &'static str,
) -> KnownKey {
    KnownKey {
        holder,
        name,
        takes,
        does,
        usual: Usual::Nothing,
        alias_of: None,
        example,
    }
}

impl KnownKey {
    const fn usually(mut self, what: &'static str) -> Self {
        self.usual = Usual::Is(what);
        self
    }

    const fn needed(mut self) -> Self {
        self.usual = Usual::Needed;
        self
    }

    const fn same_as(mut self, name: &'static str) -> Self {
        self.alias_of = Some(name);
        self
    }
}

/// Reads as what one would write.
impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |f: &mut fmt::Formatter<'_>, words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            f.write_str(&words.join(", "))
        };
        match self {
            Self::Text => f.write_str("a text"),
            Self::Flag => f.write_str("`true` or `false`"),
            Self::Seconds => f.write_str("seconds"),
            Self::Whole(least, most) => write!(f, "{least} to {most}"),
            Self::Words(known) => words(f, known),
            Self::Texts => f.write_str("a list of texts"),
            Self::AnyWords(known) => {
                f.write_str("one or a list of ")?;
                words(f, known)
            }
            Self::Area => f.write_str("`[left, top, width, height]`"),
            Self::Steps => f.write_str("steps"),
            Self::Check => f.write_str("a statement or a target"),
            Self::Checks => f.write_str("a list of statements or targets"),
            Self::Map(Holder::Target | Holder::Click | Holder::Check) => f.write_str("a target"),
            Self::Map(_) => f.write_str("a map"),
            Self::Maps(_) => f.write_str("a list of maps"),
            Self::Named(_) => f.write_str("a map by name"),
            Self::Values => f.write_str("a map of values"),
            Self::Anything => f.write_str("anything"),
            Self::Either(several) => {
                let several: Vec<String> = several.iter().map(ToString::to_string).collect();
                f.write_str(&several.join(", or "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Profile, scenario::Rung};
    use std::collections::BTreeSet;

    #[test]
    fn no_key_comes_twice_and_every_alias_leads_to_a_key_beside_it() {
        for holder in Holder::ALL {
            let names = names(holder);
            let once: BTreeSet<_> = names.iter().collect();
            assert_eq!(once.len(), names.len(), "{}: {names:?}", holder.name());
            for key in of(holder) {
                assert!(key.alias_of.is_none_or(|other| knows(holder, other)));
                assert!(key.does.ends_with('.'), "{}: {}", key.name, key.does);
            }
        }
    }

    #[test]
    fn words_are_those_that_the_types_know() {
        let words = |holder, name: &str| {
            let key = of(holder).find(|key| key.name == name).unwrap();
            let (Takes::Words(words) | Takes::AnyWords(words)) = key.takes else {
                panic!("{name} takes no words");
            };
            words.to_vec()
        };
        let profiles: Vec<&str> = Profile::ALL.iter().map(|(name, _)| *name).collect();
        assert_eq!(words(Holder::Step, "motion"), profiles);
        assert_eq!(words(Holder::Click, "motion"), profiles);
        let rungs = Rung::NAMES.iter().map(|(name, _)| *name);
        let rungs: Vec<&str> = rungs.chain(["pointer", "action", "hint"]).collect();
        assert_eq!(words(Holder::Target, "via"), rungs);
    }
}
