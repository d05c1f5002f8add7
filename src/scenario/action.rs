//! Reads what one key of a step does.

use super::{
    Action, condition, fields, fill,
    mistakes::Mistakes,
    target::{Draft, KEYS, Surroundings},
    word,
    yaml::{Data, Key, Value},
};
use crate::model::{Button, Chord};
use std::time::Duration;

/// Keys that make a step do something; first those to recommend, then their other names.
pub(super) const ACTIONS: [&str; 12] = [
    "shell",
    "launch",
    "key",
    "type",
    "wait",
    "click",
    "verify",
    "wait_for",
    "then_key",
    "then_type",
    "atspi",
    "verify_atspi",
];

/// Names of buttons.
pub(super) const BUTTONS: [(&str, Button); 3] = [
    ("left", Button::Left),
    ("middle", Button::Middle),
    ("right", Button::Right),
];

/// What a key asks for, and the time-out it brings along.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) action: Action,
    pub(super) timeout: Option<Duration>,
}

/// Reads the action that `key` stands for, or notes why it cannot be done; `None` as well when
/// the key is no action.
pub(super) fn read(
    key: &Key,
    value: &Value,
    around: &mut Surroundings<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Asked> {
    let action = match key.text.as_str() {
        "shell" => Action::Shell(around.text(key, value, mistakes)?),
        "launch" => launch(key, value, around, mistakes)?,
        "key" | "then_key" => chord(key, value, around, mistakes)?,
        "type" | "then_type" => Action::Type(around.text(key, value, mistakes)?),
        "wait" => Action::Wait(fields::seconds(key, value, mistakes)?),
        "click" | "atspi" => click(key, value, around, mistakes)?,
        "verify" => Action::Verify(condition::check(key, value, false, around, mistakes)?),
        "verify_atspi" => Action::Verify(condition::check(key, value, true, around, mistakes)?),
        "wait_for" => {
            let asked = condition::conditions(key, value, around, mistakes)?;
            let (quantifier, checks) = (asked.quantifier, asked.checks);
            return Some(Asked {
                action: Action::WaitFor { quantifier, checks },
                timeout: asked.timeout,
            });
        }
        _ => return None,
    };
    let timeout = None;
    Some(Asked { action, timeout })
}

/// Returns how long an action may take when the step does not say.
pub(super) fn usual_timeout(action: &Action) -> Duration {
    Duration::from_secs(match action {
        Action::Shell(_) => 60,
        Action::Launch { .. } => 30,
        Action::WaitFor { .. } => 15,
        Action::Key { .. } | Action::Type(_) | Action::Click { .. } | Action::Verify(_) => 10,
        // It takes what it takes.
        Action::Wait(time) => return *time,
    })
}

fn launch(
    key: &Key,
    value: &Value,
    around: &Surroundings<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Action> {
    let text = around.text(key, value, mistakes)?;
    match word::split(&text) {
        Ok(words)
            if words
                .first()
                .is_none_or(|word| word.is_empty() || word == "{app_args}") =>
        {
            mistakes.error(&value.at, "`launch` names no program");
            None
        }
        Ok(words) => {
            let window = None;
            Some(Action::Launch { words, window })
        }
        Err(why) => {
            mistakes.error(
                &value.at,
                format!("`launch` cannot be split into words: {why}"),
            );
            None
        }
    }
}

fn chord(
    key: &Key,
    value: &Value,
    around: &Surroundings<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Action> {
    let text = fill(&around.text(key, value, mistakes)?, &around.vars);
    match Chord::parse(&text) {
        Ok(chord) => Some(Action::Key { text, chord }),
        Err(err) => {
            let hint = match err.near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "keys read like `Return`, `ctrl+s`, `F5` or `a`".into(),
            };
            mistakes.error_with_hint(&value.at, err.to_string(), hint);
            None
        }
    }
}

fn click(
    key: &Key,
    value: &Value,
    around: &mut Surroundings<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Action> {
    if let Data::Text(_) = value.data {
        let message = format!("`{}` must say on what, as a map", key.text);
        let hint = "for instance `click: {role: push button, name: Save}`";
        mistakes.error_with_hint(&value.at, message, hint);
        return None;
    }
    let entries = fields::map(key, value, mistakes)?;
    let mut draft = Draft::default();
    let (mut button, mut is_double) = (Some(Button::Left), Some(false));
    for (key, value) in entries {
        match key.text.as_str() {
            "button" => button = fields::choice(key, value, &BUTTONS, mistakes),
            "double" => is_double = fields::flag(key, value, mistakes),
            "window" => {
                let hint = "click on a widget or a picture in it";
                mistakes.error_with_hint(&key.at, "a window cannot be clicked as a whole", hint);
                return None;
            }
            _ if draft.take((key, value), around, mistakes) => {}
            word => {
                let known: Vec<&str> = KEYS.into_iter().chain(["button", "double"]).collect();
                mistakes.unknown(
                    &key.at,
                    format!("`click` has no key `{word}`"),
                    word,
                    &known,
                );
            }
        }
    }
    let target = draft.finish(&value.at, false, mistakes)?;
    Some(Action::Click {
        target,
        button: button?,
        is_double: is_double?,
    })
}
