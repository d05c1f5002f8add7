//! Reads what a step does.

use super::{
    around::Around,
    click, condition, fields, include,
    mistakes::{Mistakes, listed},
    parts::{Entry, Parts},
    step, target, word,
    yaml::{Data, Key, Value},
};
use crate::scenario::{
    Action, AppState, Direction, Target,
    keys::{self, Holder},
};
use std::time::Duration;

/// What a step does, and the time-out it brings along.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) action: Action,
    pub(super) timeout: Option<Duration>,
}

/// Reads what the step does before any keys follow; `Nothing` when it only types or looks.
pub(super) fn read(
    parts: &mut Parts<'_>,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Asked> {
    refuse_several(parts, mistakes)?;
    let mut timeout = None;
    let action = if click::is_asked(parts) {
        Action::Click(Box::new(click::read(parts, around, mistakes)?))
    } else if let Some((key, value)) = parts.take("shell") {
        shell(parts, key, value, mistakes)?
    } else if let Some((key, value)) = parts.take("launch") {
        launch(parts, key, value, mistakes)?
    } else if let Some((key, value)) = parts.take("drag") {
        drag(parts, key, value, around, mistakes)?
    } else if let Some((key, value)) = parts.take("scroll") {
        scroll(key, value, around, mistakes)?
    } else if let Some((key, value)) = parts.take("wait_for") {
        let asked = condition::conditions(key, value, around, mistakes)?;
        timeout = asked.timeout;
        let (quantifier, checks) = (asked.quantifier, asked.checks);
        Action::WaitFor { quantifier, checks }
    } else if let Some((key, value)) = parts.take("wait_gone") {
        let check = condition::absent(key, value, around, mistakes)?;
        let quantifier = crate::scenario::Quantifier::All;
        Action::WaitFor {
            quantifier,
            checks: vec![check],
        }
    } else if let Some((key, value)) = parts.take("if_visible") {
        only_if(parts, key, value, around, mistakes)?
    } else if let Some((key, value)) = parts.take("routine") {
        include::routine(key, value, around, mistakes)?
    } else if let Some((key, value)) = parts.take("import") {
        include::import(key, value, around, mistakes)?
    } else {
        small(parts, mistakes)?
    };
    Some(Asked { action, timeout })
}

/// Notes a step that does several things.
fn refuse_several(parts: &Parts<'_>, mistakes: &mut Mistakes<'_>) -> Option<()> {
    let has_pointer = parts.has("atspi") || parts.has("localize");
    let counts = |name: &str| {
        // `click: left` says how, beside what says where; and two ways lead to one thing.
        let is_how = name == "click" && has_pointer;
        let is_second = name == "localize" && parts.has("atspi");
        parts.has(name) && !is_how && !is_second
    };
    let names: Vec<&str> = keys::names(Holder::Action)
        .into_iter()
        .filter(|name| counts(name))
        .collect();
    let [_, second, ..] = names[..] else {
        return Some(());
    };
    let message = format!(
        "a step does one thing, not {}",
        listed(&names).replace("`, `", "` and `")
    );
    mistakes.error_with_hint(&parts.place(second), message, "make a step of each");
    None
}

fn shell(
    parts: &mut Parts<'_>,
    key: &Key,
    value: &Value,
    mistakes: &mut Mistakes<'_>,
) -> Option<Action> {
    let ignores = parts.take("ignore_exit");
    let ignores = ignores.and_then(|(key, value)| fields::flag(key, value, mistakes));
    Some(Action::Shell {
        text: fields::text(key, value, mistakes)?,
        is_strict: ignores != Some(true),
    })
}

fn launch(
    parts: &mut Parts<'_>,
    key: &Key,
    value: &Value,
    mistakes: &mut Mistakes<'_>,
) -> Option<Action> {
    let window = parts.take_one(&["window", "launch_window"], mistakes);
    let window = window.and_then(|(key, value)| fields::text(key, value, mistakes));
    let text = fields::text(key, value, mistakes)?;
    let words = match word::split(&text) {
        Ok(words) => words,
        Err(why) => {
            let message = format!("`launch` cannot be split into words: {why}");
            mistakes.error(&value.at, message);
            return None;
        }
    };
    let is_program = |word: &String| !word.is_empty() && word != "{app_args}";
    if !words.first().is_some_and(is_program) {
        mistakes.error(&value.at, "`launch` names no program");
        return None;
    }
    Some(Action::Launch { words, window })
}

fn drag(
    step: &mut Parts<'_>,
    key: &Key,
    value: &Value,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Action> {
    let mut parts = Parts::new(Holder::Drag, fields::map(key, value, mistakes)?);
    let mut end = |name: &str, mistakes: &mut Mistakes<'_>| {
        let Some((key, value)) = parts.take(name) else {
            let hint = "for instance `drag: {from: {text: Milk}, to: {role: list}}`";
            mistakes.error_with_hint(&key.at, format!("`drag` needs a `{name}`"), hint);
            return None;
        };
        Some(target::of_map(key, value, around, mistakes)?.target)
    };
    let (from, to) = (end("from", mistakes), end("to", mistakes));
    refuse_unknown(key, &parts, mistakes);
    let (from, to) = (from?, to?);
    let aim = click::aim(step, mistakes);
    Some(Action::Drag { from, to, aim })
}

/// Reads `scroll: down`, or a map that says over what and how far as well.
fn scroll(
    key: &Key,
    value: &Value,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Action> {
    const USUAL: u32 = 3;
    let ways = [
        ("up", Direction::Up),
        ("down", Direction::Down),
        ("left", Direction::Left),
        ("right", Direction::Right),
    ];
    if let Data::Text(_) = value.data {
        return Some(Action::Scroll {
            over: None,
            direction: fields::choice(key, value, &ways, mistakes)?,
            notches: USUAL,
        });
    }
    let mut parts = Parts::new(Holder::Scroll, fields::map(key, value, mistakes)?);
    let notches = parts.take("notches");
    let notches = notches.map_or(Some(USUAL), |(key, value)| {
        fields::whole(key, value, 1..=100, mistakes)
    });
    let over: Option<Option<Target>> = parts.take("over").map(|(key, value)| {
        target::of_map(key, value, around, mistakes).map(|drafted| drafted.target)
    });
    let Some((way, word)) = parts.take("direction") else {
        let hint = "for instance `scroll: {direction: down, over: {role: list}}`";
        mistakes.error_with_hint(&key.at, "`scroll` needs a `direction`", hint);
        return None;
    };
    let direction = fields::choice(way, word, &ways, mistakes);
    refuse_unknown(key, &parts, mistakes);
    Some(Action::Scroll {
        over: over.map_or(Some(None), |over| over.map(Some))?,
        direction: direction?,
        notches: notches?,
    })
}

fn only_if(
    parts: &mut Parts<'_>,
    key: &Key,
    value: &Value,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Action> {
    let check = condition::check(key, value, false, around, mistakes);
    let Some((then, list)) = parts.take_one(&["then", "then_steps"], mistakes) else {
        let hint = "add `then:` with a list of steps";
        mistakes.error_with_hint(&key.at, "`if_visible` does nothing without `then`", hint);
        return None;
    };
    let then = step::several(then, list, around, mistakes);
    Some(Action::If {
        check: as_thing(check?),
        then,
    })
}

/// Makes of "a button" what it means in a question: that there is a button.
fn as_thing(mut check: crate::scenario::Check) -> crate::scenario::Check {
    use crate::scenario::Way;
    for way in &mut check.target.ways {
        if let Way::Statement(text) = way {
            *way = Way::Thing(std::mem::take(text));
        }
    }
    check
}

/// Reads the actions that are one key with a simple value.
fn small(parts: &mut Parts<'_>, mistakes: &mut Mistakes<'_>) -> Option<Action> {
    if let Some((key, value)) = parts.take("popup_sweep") {
        let is_on = fields::flag(key, value, mistakes)?;
        return Some(if is_on {
            Action::Sweep
        } else {
            Action::Nothing
        });
    }
    if let Some(entry) = parts.take("app_running") {
        return app(entry, mistakes);
    }
    if let Some((key, value)) = parts.take("kill_app") {
        let name = fields::text(key, value, mistakes)?;
        let state = AppState::Killed;
        return Some(Action::App { name, state });
    }
    if let Some((key, value)) = parts.take("screenshot") {
        return named(parts, (key, value), Action::Screenshot, mistakes);
    }
    if let Some((key, value)) = parts.take("a11y") {
        fields::choice(key, value, &[("dump", ())], mistakes)?;
        return Some(Action::Dump);
    }
    if let Some((key, value)) = parts.take("clipboard") {
        return Some(Action::Clipboard(fields::text(key, value, mistakes)?));
    }
    Some(Action::Nothing)
}

/// Reads `screenshot: true`, or the name of a picture, which is the step's label.
fn named(
    parts: &Parts<'_>,
    (key, value): Entry<'_>,
    action: Action,
    mistakes: &mut Mistakes<'_>,
) -> Option<Action> {
    match value.data {
        Data::Flag(true) | Data::Null => {}
        Data::Flag(false) => {
            mistakes.error(&value.at, format!("`{}: false` does nothing", key.text));
            return None;
        }
        Data::Number(..) | Data::Text(_) | Data::List(_) | Data::Map(_) | Data::Tagged(..) => {
            fields::text(key, value, mistakes)?;
            if parts.has("label") {
                let message = format!("`{}` with a name is the step's label", key.text);
                mistakes.error(&value.at, message);
            }
        }
    }
    Some(action)
}

/// Reads `app_running: notes`, or a map that turns it around.
fn app((key, value): Entry<'_>, mistakes: &mut Mistakes<'_>) -> Option<Action> {
    if let Data::Text(_) = value.data {
        let name = fields::text(key, value, mistakes)?;
        let state = AppState::Runs;
        return Some(Action::App { name, state });
    }
    let mut parts = Parts::new(Holder::App, fields::map(key, value, mistakes)?);
    let absent = parts.take("absent");
    let absent = absent.map_or(Some(false), |(key, value)| {
        fields::flag(key, value, mistakes)
    });
    let name = parts.take("name");
    let name = name.map(|(key, value)| fields::text(key, value, mistakes));
    refuse_unknown(key, &parts, mistakes);
    let Some(name) = name else {
        let hint = "it is the name of its file, such as `notes`";
        mistakes.error_with_hint(&key.at, "`app_running` needs a `name`", hint);
        return None;
    };
    let state = if absent? {
        AppState::RunsNot
    } else {
        AppState::Runs
    };
    Some(Action::App { name: name?, state })
}

/// Notes the keys of a map of `of` that nobody took.
pub(super) fn refuse_unknown(of: &Key, parts: &Parts<'_>, mistakes: &mut Mistakes<'_>) {
    for key in parts.rest() {
        let word = key.text.as_str();
        let message = format!("`{}` has no key `{word}`", of.text);
        mistakes.unknown(&key.at, message, word, &parts.known());
    }
}

/// Returns how long an action may take when the step does not say.
pub(super) fn usual_timeout(action: &Action) -> Duration {
    Duration::from_secs(match action {
        Action::Shell { .. } => 60,
        Action::Launch { .. } => 30,
        Action::WaitFor { .. } => 15,
        // What is within has its own.
        Action::Group(_) | Action::If { .. } => 24 * 60 * 60,
        Action::Nothing
        | Action::Click(_)
        | Action::Drag { .. }
        | Action::Scroll { .. }
        | Action::Sweep
        | Action::App { .. }
        | Action::Screenshot
        | Action::Dump
        | Action::Clipboard(_) => 10,
    })
}
