//! Reads one step: what it does, and what is said about that.

use super::{
    Action, Instruction,
    action::{self, ACTIONS, BUTTONS},
    condition, fields, label,
    mistakes::Mistakes,
    target::Surroundings,
    yaml::{Data, Key, Value},
};
use crate::model::Button;
use std::time::Duration;

/// Keys that say something about what a step does.
const OPTIONS: [&str; 9] = [
    "label",
    "timeout",
    "window",
    "launch_window",
    "launch_timeout",
    "button",
    "double",
    "retries",
    "verify_timeout",
];

/// Keys of the language that this version does not know yet.
const LATER: [&str; 14] = [
    "canary",
    "checkpoint",
    "dwell_ms",
    "focus",
    "import",
    "key_pre",
    "motion",
    "must_pass",
    "on_failure_agent",
    "popup_sweep",
    "routine",
    "then_key_pre",
    "then",
    "then_steps",
];

/// Keys whose value is a statement that only a vision model can judge.
const VISION: [&str; 9] = [
    "accept_any",
    "canary_verify",
    "if_visible",
    "localize",
    "precheck_click",
    "verify_click",
    "verify_consistent",
    "verify_input",
    "verify_not",
];

/// What a step says, as far as it has been read.
#[derive(Default)]
struct Draft<'v> {
    label: Option<String>,
    timeout: Option<Duration>,
    window: Option<(&'v Key, Option<String>)>,
    button: Option<(&'v Key, Option<Button>)>,
    is_double: Option<(&'v Key, Option<bool>)>,
    actions: Vec<(&'v Key, Option<action::Asked>)>,
}

/// Reads one step, or notes why it cannot be done.
pub(super) fn read(
    text: &str,
    value: &Value,
    around: &mut Surroundings<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Instruction> {
    let Data::Map(entries) = &value.data else {
        not_a_map(value, mistakes);
        return None;
    };
    let mut draft = Draft::default();
    let mut is_refused = false;
    for (key, value) in entries {
        is_refused |= !draft.take(key, value, around, mistakes);
    }
    if draft.actions.is_empty() && is_refused {
        // What it was meant to do has been told already.
        return None;
    }
    let start = entries
        .first()
        .map_or(value.at.start, |(key, _)| key.at.start);
    draft.finish(text, start, &value.at, mistakes)
}

fn not_a_map(value: &Value, mistakes: &mut Mistakes<'_>) {
    if let Data::Tagged(tag) = &value.data {
        mistakes.error(
            &value.at,
            format!("the tag `{tag}` is not known to this version"),
        );
        return;
    }
    let hint = "a step reads like `- key: ctrl+s`";
    mistakes.error_with_hint(
        &value.at,
        format!("a step is a map, not {}", value.sort()),
        hint,
    );
}

impl<'v> Draft<'v> {
    /// Takes one key, or notes what is wrong with it and returns `false`.
    fn take(
        &mut self,
        key: &'v Key,
        value: &Value,
        around: &mut Surroundings<'_>,
        mistakes: &mut Mistakes<'_>,
    ) -> bool {
        match key.text.as_str() {
            "label" => self.label = around.text(key, value, mistakes),
            "timeout" | "launch_timeout" | "verify_timeout" => {
                self.timeout = fields::seconds(key, value, mistakes);
            }
            "window" | "launch_window" => {
                self.window = Some((key, around.text(key, value, mistakes)));
            }
            "button" => {
                self.button = Some((key, fields::choice(key, value, &BUTTONS, mistakes)));
            }
            "double" => self.is_double = Some((key, fields::flag(key, value, mistakes))),
            "retries" => {
                let message = "`retries` does nothing: a step goes on until its `timeout`";
                mistakes.warning(&key.at, message, None);
            }
            word if ACTIONS.contains(&word) => {
                let asked = action::read(key, value, around, mistakes);
                self.actions.push((key, asked));
            }
            word => {
                refuse(key, value, word, mistakes);
                return false;
            }
        }
        true
    }

    fn finish(
        mut self,
        text: &str,
        start: usize,
        at: &std::ops::Range<usize>,
        mistakes: &mut Mistakes<'_>,
    ) -> Option<Instruction> {
        if let [_, (second, _), ..] = self.actions.as_slice() {
            let names: Vec<&str> = self
                .actions
                .iter()
                .map(|(key, _)| key.text.as_str())
                .collect();
            let message = format!("a step does one thing, not `{}`", names.join("` and `"));
            mistakes.error_with_hint(&second.at, message, "make a step of each");
            return None;
        }
        let Some((key, asked)) = self.actions.pop() else {
            let hint = format!("add one of {}", super::mistakes::listed(&ACTIONS[..8]));
            mistakes.error_with_hint(at, "the step does nothing", hint);
            return None;
        };
        let asked = asked?;
        let action = self.refine(key, asked.action, mistakes);
        let timeout = self.timeout.or(asked.timeout);
        let timeout = timeout.unwrap_or_else(|| action::usual_timeout(&action));
        if let Action::Wait(time) = action
            && timeout < time
        {
            mistakes.error(&key.at, "the step waits longer than its `timeout`");
        }
        let label = self.label.or_else(|| label::of_comment(text, start));
        Some(Instruction {
            label: label.unwrap_or_else(|| action.to_string()),
            timeout,
            action,
            line: text[..start].matches('\n').count() + 1,
        })
    }

    /// Gives the action what other keys of the step say about it, and notes those that have no
    /// business there.
    fn refine(&mut self, of: &Key, mut action: Action, mistakes: &mut Mistakes<'_>) -> Action {
        if let Some((key, title)) = self.window.take() {
            if let Action::Launch { window, .. } = &mut action {
                *window = title;
            } else {
                misplaced(key, of, "launch", mistakes);
            }
        }
        if let Some((key, which)) = self.button.take() {
            if let Action::Click { button, .. } = &mut action {
                *button = which.unwrap_or(*button);
            } else {
                misplaced(key, of, "click", mistakes);
            }
        }
        if let Some((key, twice)) = self.is_double.take() {
            if let Action::Click { is_double, .. } = &mut action {
                *is_double = twice.unwrap_or(*is_double);
            } else {
                misplaced(key, of, "click", mistakes);
            }
        }
        action
    }
}

fn misplaced(key: &Key, of: &Key, wanted: &str, mistakes: &mut Mistakes<'_>) {
    let message = format!("`{}` belongs to `{wanted}`, not to `{}`", key.text, of.text);
    mistakes.error(&key.at, message);
}

fn refuse(key: &Key, value: &Value, word: &str, mistakes: &mut Mistakes<'_>) {
    if VISION.contains(&word) {
        return condition::needs_vision(key, value, mistakes);
    }
    if LATER.contains(&word) {
        return mistakes.error(
            &key.at,
            format!("`{word}` is not known to this version yet"),
        );
    }
    let known: Vec<&str> = ACTIONS.into_iter().chain(OPTIONS).collect();
    mistakes.unknown(&key.at, format!("a step has no key `{word}`"), word, &known);
}
