//! Reads one step: what it does, the keys that follow, what must hold then.

use super::{
    action,
    around::Around,
    fields, include, label,
    mistakes::Mistakes,
    parts::Parts,
    typing,
    yaml::{Data, Key, Value},
};
use crate::scenario::{
    Action, Check, Instruction, Origin, Rescue, Way,
    keys::{self, Holder},
};
use std::time::Duration;

/// Keys of the language that this version does not know yet.
const LATER: [&str; 1] = ["checkpoint"];

/// How often a step that asks a model is done when it does not say.
const MODEL_ATTEMPTS: u32 = 3;

/// Reads a list of steps, with every mistake in them.
pub(super) fn several(
    key: &Key,
    value: &Value,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Vec<Instruction> {
    let Some(items) = fields::list(key, value, mistakes) else {
        return Vec::new();
    };
    let steps = items.iter().map(|item| read(item, around, mistakes));
    // All of them are read, so that every mistake is told.
    let steps: Vec<Option<Instruction>> = steps.collect();
    steps.into_iter().flatten().collect()
}

/// Reads one step, or notes why it cannot be done.
fn read(
    value: &Value,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Instruction> {
    let entries = match &value.data {
        Data::Map(entries) => entries,
        Data::Tagged(tag, inner) if tag == "!import" => {
            let key = Key {
                at: value.at.clone(),
                text: "import".into(),
            };
            let name = Value {
                at: value.at.clone(),
                data: inner.data.clone(),
            };
            let action = include::import(&key, &name, around, mistakes)?;
            return Some(plain(action, around.line(value.at.start), around));
        }
        Data::Tagged(tag, _) => {
            let message = format!("the tag `{tag}` is not known");
            mistakes.error_with_hint(&value.at, message, "the only one is `!import`");
            return None;
        }
        Data::Null | Data::Flag(_) | Data::Number(..) | Data::Text(_) | Data::List(_) => {
            let hint = "a step reads like `- key: ctrl+s`";
            let message = format!("a step is a map, not {}", value.sort());
            mistakes.error_with_hint(&value.at, message, hint);
            return None;
        }
    };
    let before = mistakes.errors();
    let mut parts = Parts::new(Holder::Step, entries);
    let start = parts.start().unwrap_or(value.at.start);
    let given = parts.take("label");
    let given = given.and_then(|(key, value)| fields::text(key, value, mistakes));
    let shot = screenshot_name(&parts);
    let asked = action::read(&mut parts, around, mistakes);
    let typing = typing::read(&mut parts, around, mistakes);
    let expect = typing::expect(&mut parts, around, mistakes);
    // Where it is not known what the step does, it is not known either what belongs to that.
    let is_read = asked.is_some();
    let (action, brought) = match asked {
        Some(asked) => (asked.action, asked.timeout),
        None => (Action::Nothing, None),
    };
    let mut step = Instruction {
        typing,
        expect,
        ..plain(action, around.line(start), around)
    };
    options(&mut step, brought, &mut parts, around, mistakes);
    if is_read {
        refuse_rest(&parts, &step, mistakes);
    }
    if mistakes.errors() > before {
        return None;
    }
    if is_idle(&step) {
        let hint = format!("add one of {}", super::mistakes::listed(&MOST_USED));
        mistakes.error_with_hint(&value.at, "the step does nothing", hint);
        return None;
    }
    // What a template left of a comment above is not the step's.
    let comment = label::of_comment(around.text, start);
    step.label = given
        .or(shot)
        .or(comment)
        .unwrap_or_else(|| step.to_string());
    Some(step)
}

/// What most steps are made of.
const MOST_USED: [&str; 8] = [
    "launch", "click", "type", "key", "verify", "wait_for", "shell", "wait",
];

pub(super) fn plain(action: Action, line: usize, around: &Around<'_>) -> Instruction {
    Instruction {
        label: action.to_string(),
        origin: Origin {
            file: around.file.clone(),
            line,
        },
        focus: None,
        timeout: action::usual_timeout(&action),
        action,
        typing: crate::scenario::Typing::default(),
        expect: crate::scenario::Expect::default(),
        attempts: 1,
        pause: Duration::ZERO,
        must_pass: true,
        rescue: None,
    }
}

fn screenshot_name(parts: &Parts<'_>) -> Option<String> {
    let Data::Text(name) = &parts.look("screenshot")?.data else {
        return None;
    };
    Some(name.clone())
}

fn is_idle(step: &Instruction) -> bool {
    step.action == Action::Nothing
        && step.typing.is_empty()
        && step.expect.is_empty()
        && step.pause.is_zero()
        && step.focus.is_none()
}

/// Reads what is said about the step itself.
fn options(
    step: &mut Instruction,
    brought: Option<Duration>,
    parts: &mut Parts<'_>,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) {
    if let Some((key, value)) = parts.take("focus") {
        step.focus = fields::text(key, value, mistakes);
    }
    if let Some((key, value)) = parts.take("must_pass") {
        step.must_pass = fields::flag(key, value, mistakes).unwrap_or(true);
    }
    if let Some((key, value)) = parts.take("on_failure_agent") {
        step.rescue = rescue(key, value, around, mistakes);
    }
    let retries = parts.take("retries");
    let retries = retries.and_then(|(key, value)| fields::whole(key, value, 0..=100, mistakes));
    let usual = if asks_model(step) { MODEL_ATTEMPTS } else { 1 };
    // 0 was always written by people who wanted one attempt.
    step.attempts = retries.map_or(usual, |retries| retries.max(1));
    let wait = parts.take("wait");
    let is_mixed = parts.has("localize") || parts.has("atspi") || parts.has("wait_for");
    if let (Some((key, _)), true) = (wait, is_mixed) {
        let message = "`wait` is honoured here, after the action; older versions did not";
        mistakes.warning(&key.at, message, None);
    }
    let wait = wait.and_then(|(key, value)| fields::seconds(key, value, mistakes));
    times(step, wait, brought, parts, mistakes);
}

/// Reads how long everything may take.
fn times(
    step: &mut Instruction,
    wait: Option<Duration>,
    brought: Option<Duration>,
    parts: &mut Parts<'_>,
    mistakes: &mut Mistakes<'_>,
) {
    let is_launch = matches!(step.action, Action::Launch { .. });
    let given = parts.take_one(&["timeout", "launch_timeout"], mistakes);
    if let (Some((key, _)), false) = (&given, is_launch)
        && key.text == "launch_timeout"
    {
        mistakes.error(&key.at, "`launch_timeout` belongs to `launch`");
    }
    let own = given.and_then(|(key, value)| fields::seconds(key, value, mistakes));
    // Beside `launch`, `wait` always was how long the window may take.
    let (pause, launch) = if is_launch && own.is_none() {
        (None, wait)
    } else {
        (wait, None)
    };
    step.pause = pause.unwrap_or_default();
    if let Some(time) = own.or(launch).or(brought) {
        step.timeout = time;
    }
    let acts = step.action != Action::Nothing || !step.typing.is_empty();
    if let (Some(own), false) = (own, parts.has("verify_timeout"))
        && !is_launch
    {
        step.expect.timeout = own;
    }
    if let (Some(time), Some((key, _)), false) = (own, given, acts)
        && step.expect.is_empty()
        && time < step.pause
    {
        mistakes.error(&key.at, "the step waits longer than its `timeout`");
    }
    let checks = !step.expect.is_empty() || step.typing.verify.is_some();
    let is_watched = matches!(&step.action, Action::Click(click) if click.care.verify.is_some());
    if parts.has("verify_timeout") && !checks && !is_watched {
        let at = parts.place("verify_timeout");
        // Harmless, and older documents have it.
        mistakes.warning(
            &at,
            "`verify_timeout` says nothing: the step verifies nothing",
            None,
        );
    }
}

/// Whether the step asks a model whatever else it finds.
fn asks_model(step: &Instruction) -> bool {
    let is_asked = |check: &Check| {
        let ways = &check.target.ways;
        ways.iter()
            .all(|way| matches!(way, Way::Statement(_) | Way::Thing(_)))
    };
    let looks = step.expect.all.iter().chain(&step.expect.any).any(is_asked);
    let points = matches!(&step.action, Action::Click(click)
        if click.target.ways.iter().all(|way| matches!(way, Way::Thing(_))));
    looks || points
}

fn rescue(
    key: &Key,
    value: &Value,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Rescue> {
    let mut parts = Parts::new(Holder::Agent, fields::map(key, value, mistakes)?);
    let goal = parts.take("goal");
    let goal = goal.and_then(|(key, value)| fields::text(key, value, mistakes));
    let turns = parts.take("budget_turns");
    let turns = turns.map_or(Some(10), |(key, value)| {
        fields::whole(key, value, 1..=100, mistakes)
    });
    let check = parts.take("success_check");
    let has_check = check.is_some();
    let check =
        check.and_then(|(key, value)| super::condition::check(key, value, false, around, mistakes));
    action::refuse_unknown(key, &parts, mistakes);
    if goal.is_none() {
        mistakes.error(&key.at, "`on_failure_agent` needs a `goal`");
    }
    if !has_check {
        let hint = "add `success_check`, a statement that proves it";
        let message = "an agent that says of itself that it is done proves nothing";
        mistakes.error_with_hint(&key.at, message, hint);
    }
    Some(Rescue {
        goal: goal?,
        turns: turns?,
        check: check?,
    })
}

/// Notes the keys that nobody took.
fn refuse_rest(parts: &Parts<'_>, step: &Instruction, mistakes: &mut Mistakes<'_>) {
    let known = parts.known();
    for key in parts.rest() {
        let word = key.text.as_str();
        if LATER.contains(&word) {
            let message = format!("`{word}` is not known to this version yet");
            mistakes.error(&key.at, message);
        } else if let Some(wanted) = belongs(word) {
            let does = step.to_string();
            let message = format!("`{word}` belongs to `{wanted}`, and this step does not do that");
            mistakes.error_with_hint(&key.at, message, format!("it does this: {does}"));
        } else {
            mistakes.unknown(&key.at, format!("a step has no key `{word}`"), word, &known);
        }
    }
}

/// Returns what a known key goes with.
fn belongs(word: &str) -> Option<&'static str> {
    Some(match word {
        "window" | "launch_window" => "launch",
        "ignore_exit" => "shell",
        "then" | "then_steps" => "if_visible` or `click",
        word if keys::knows(Holder::Clicking, word) => "click",
        _ => return None,
    })
}
