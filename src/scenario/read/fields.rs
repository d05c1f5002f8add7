//! Reads single values as the type that a key wants, and notes what is wrong with them.

use super::{
    mistakes::{Mistakes, listed},
    yaml::{Data, Key, Value},
};
use std::{ops::RangeInclusive, time::Duration};

/// The longest time that can be asked for: a day.
const LONGEST: f64 = 86_400.0;

/// Reads a text that says something. Numbers and flags are taken as they were written.
pub(super) fn text(key: &Key, value: &Value, mistakes: &mut Mistakes<'_>) -> Option<String> {
    let text = match &value.data {
        Data::Text(text) | Data::Number(_, text) => text.clone(),
        Data::Flag(flag) => flag.to_string(),
        Data::Null | Data::List(_) | Data::Map(_) | Data::Tagged(..) => {
            wrong(key, value, "a text", mistakes);
            return None;
        }
    };
    if text.trim().is_empty() && key.text != "type" && key.text != "then_type" || text.is_empty() {
        mistakes.error(&value.at, format!("`{}` is empty", key.text));
        return None;
    }
    Some(text)
}

/// Reads a number of seconds above zero.
pub(super) fn seconds(key: &Key, value: &Value, mistakes: &mut Mistakes<'_>) -> Option<Duration> {
    let Some(number) = number(value) else {
        wrong(key, value, "a number of seconds", mistakes);
        return None;
    };
    let is_sound = number > 0.0 && number <= LONGEST;
    let time = is_sound.then(|| Duration::from_secs_f64(number));
    // What rounds to nothing is nothing.
    let time = time.filter(|time| !time.is_zero());
    if time.is_none() {
        let message = format!(
            "`{}` must be above 0 and at most {LONGEST} seconds",
            key.text
        );
        mistakes.error(&value.at, message);
    }
    time
}

/// Returns a number, which may come out of a template as a text.
fn number(value: &Value) -> Option<f64> {
    match &value.data {
        Data::Number(number, _) => Some(*number),
        Data::Text(text) => text.trim().parse().ok(),
        Data::Null | Data::Flag(_) | Data::List(_) | Data::Map(_) | Data::Tagged(..) => None,
    }
}

/// Reads a whole number within `range`.
pub(super) fn whole(
    key: &Key,
    value: &Value,
    range: RangeInclusive<u32>,
    mistakes: &mut Mistakes<'_>,
) -> Option<u32> {
    let Some(number) = number(value) else {
        wrong(key, value, "a whole number", mistakes);
        return None;
    };
    let (least, most) = (f64::from(*range.start()), f64::from(*range.end()));
    if number.fract() != 0.0 || !(least..=most).contains(&number) {
        let message = format!(
            "`{}` must be a whole number from {least} to {most}",
            key.text
        );
        mistakes.error(&value.at, message);
        return None;
    }
    Some(number as u32)
}

/// Reads `true` or `false`.
pub(super) fn flag(key: &Key, value: &Value, mistakes: &mut Mistakes<'_>) -> Option<bool> {
    let Data::Flag(flag) = value.data else {
        wrong(key, value, "`true` or `false`", mistakes);
        return None;
    };
    Some(flag)
}

/// Reads one of several words.
pub(super) fn choice<T: Copy>(
    key: &Key,
    value: &Value,
    choices: &[(&str, T)],
    mistakes: &mut Mistakes<'_>,
) -> Option<T> {
    let word = text(key, value, mistakes)?;
    let found = choices.iter().find(|(name, _)| *name == word);
    if found.is_none() {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let message = format!("`{}` is one of {}, not `{word}`", key.text, listed(&names));
        mistakes.error(&value.at, message);
    }
    found.map(|(_, choice)| *choice)
}

/// Reads a list.
pub(super) fn list<'v>(
    key: &Key,
    value: &'v Value,
    mistakes: &mut Mistakes<'_>,
) -> Option<&'v [Value]> {
    let Data::List(items) = &value.data else {
        wrong(key, value, "a list", mistakes);
        return None;
    };
    Some(items)
}

/// Reads a map.
pub(super) fn map<'v>(
    key: &Key,
    value: &'v Value,
    mistakes: &mut Mistakes<'_>,
) -> Option<&'v [(Key, Value)]> {
    let Data::Map(entries) = &value.data else {
        wrong(key, value, "a map", mistakes);
        return None;
    };
    Some(entries)
}

/// Notes that a value is of another sort.
pub(super) fn wrong(key: &Key, value: &Value, wanted: &str, mistakes: &mut Mistakes<'_>) {
    let message = format!("`{}` must be {wanted}, not {}", key.text, value.sort());
    let at = if value.at.is_empty() {
        &key.at
    } else {
        &value.at
    };
    mistakes.error(at, message);
}
