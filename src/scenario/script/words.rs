//! Steps and targets in words: what a step is called when nobody named it.

use super::{Action, AppState, Check, Direction, Expect, Instruction, Quantifier, Target, Way};
use crate::model::Button;
use std::fmt;

/// Reads like the end of "click ..".
impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(query) => query.fmt(f),
            Self::Anchor(anchor) => write!(f, "picture `{}`", anchor.path),
            Self::Window(title) => write!(f, "window `{title}`"),
            Self::Text(query) => write!(f, "text `{}`", query.text),
            Self::Thing(text) => write!(f, "\"{}\"", first_line(text)),
            Self::Statement(text) => write!(f, "that \"{}\"", first_line(text)),
        }
    }
}

/// Reads like the end of "click ..": by the way that says most to people.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let telling = |way: &&Way| !matches!(way, Way::Anchor(_));
        match self.ways.iter().find(telling).or(self.ways.first()) {
            Some(way) => way.fmt(f),
            None => f.write_str("nothing"),
        }
    }
}

/// Reads like the end of "verify ..".
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let negation = match (self.is_absent, self.target.ways.first()) {
            (false, _) => "",
            (true, Some(Way::Statement(_))) => "not ",
            (true, _) => "no ",
        };
        write!(f, "{negation}{}", self.target)
    }
}

/// Reads as an order, for people.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("do nothing"),
            Self::Shell { text, .. } => write!(f, "run `{}`", first_line(text)),
            Self::Launch { words, .. } => write!(f, "launch `{}`", words.join(" ")),
            Self::Click(click) => {
                let verb = match (click.times, click.button) {
                    (0, _) => "point at".to_owned(),
                    (times, button) => {
                        let twice = if times > 1 { "double-" } else { "" };
                        let which = match button {
                            Button::Left => "",
                            Button::Middle => "middle-",
                            Button::Right => "right-",
                        };
                        format!("{twice}{which}click")
                    }
                };
                write!(f, "{verb} {}", click.target)
            }
            Self::Drag { from, to, .. } => write!(f, "drag {from} to {to}"),
            Self::Scroll {
                over, direction, ..
            } => {
                let way = match direction {
                    Direction::Up => "up",
                    Direction::Down => "down",
                    Direction::Left => "left",
                    Direction::Right => "right",
                };
                write!(f, "scroll {way}")?;
                over.iter().try_for_each(|over| write!(f, " over {over}"))
            }
            Self::WaitFor { quantifier, checks } => {
                write!(f, "wait for {}", joined(checks, *quantifier))
            }
            Self::If { check, .. } => write!(f, "if there is {check}"),
            Self::Sweep => f.write_str("close what covers the app"),
            Self::Group(group) => f.write_str(&group.usual.name),
            Self::App { name, state } => match state {
                AppState::Runs => write!(f, "`{name}` runs"),
                AppState::RunsNot => write!(f, "`{name}` does not run"),
                AppState::Killed => write!(f, "end `{name}`"),
            },
            Self::Screenshot => f.write_str("keep a picture"),
            Self::Dump => f.write_str("keep the accessibility tree"),
            Self::Clipboard(text) => write!(f, "copy `{}`", first_line(text)),
        }
    }
}

/// Reads as an order, for people: what is done, else what is typed, else what is awaited.
impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typing = &self.typing;
        if self.action != Action::Nothing {
            self.action.fmt(f)
        } else if let Some(text) = &typing.text {
            write!(f, "type `{}`", first_line(text))
        } else if let Some(press) = typing.after.as_ref().or(typing.before.as_ref()) {
            write!(f, "press {}", press.text)
        } else if !self.expect.is_empty() {
            self.expect.fmt(f)
        } else {
            write!(f, "wait {} s", self.pause.as_secs_f64())
        }
    }
}

/// Reads like `verify ..`.
impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.all.is_empty() {
            parts.push(joined(&self.all, Quantifier::All));
        }
        if !self.any.is_empty() {
            parts.push(joined(&self.any, Quantifier::Any));
        }
        if let Some((check, _)) = &self.stays_away {
            parts.push(format!("no {}", check.target));
        }
        write!(f, "verify {}", parts.join(" and "))
    }
}

/// Names several checks.
pub(super) fn joined(checks: &[Check], quantifier: Quantifier) -> String {
    let link = match quantifier {
        Quantifier::Any => " or ",
        Quantifier::All => " and ",
    };
    let checks: Vec<String> = checks.iter().map(ToString::to_string).collect();
    checks.join(link)
}

/// Returns the first line that says something, shortened so that it fits into a list.
pub(in crate::scenario) fn first_line(text: &str) -> String {
    let says = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let mut lines = text.lines().map(str::trim).filter(says);
    let line = lines.next().unwrap_or_default();
    let is_cut = line.chars().count() > 60 || lines.next().is_some();
    let mut short: String = line.chars().take(60).collect();
    if is_cut {
        short.push('…');
    }
    short
}
