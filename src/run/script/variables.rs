//! The variables that every scenario has: where it runs, and on what.

use super::Exercise;
use crate::{
    model::{MASK, Timestamp},
    scenario::{BUILT_IN, fill, is_password},
};
use std::collections::BTreeMap;

/// Returns the variables of a scenario that has `own` ones, at the time `now`. Its own win over what
/// it is given.
pub(super) fn all(
    own: &BTreeMap<String, String>,
    context: &Exercise<'_>,
    now: Timestamp,
) -> BTreeMap<String, String> {
    let args: Vec<String> = context.app.args.iter().map(|arg| quoted(arg)).collect();
    let values = [
        context.app_path(),
        args.join(" "),
        context.build.to_string(),
        context.machine.to_string(),
        digits(now),
    ];
    let built_in = BUILT_IN.map(str::to_owned).into_iter().zip(values);
    let mut all = context.provided.values(context.machine);
    all.extend(own.clone());
    all.extend(built_in);
    all
}

/// Returns the variables as they are shown: without passwords.
pub(super) fn shown(all: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let all = all.iter().map(|(name, value)| {
        let value = if is_password(name) { MASK } else { value };
        (name.clone(), value.to_owned())
    });
    all.collect()
}

/// Returns the command that `words` stand for. The app itself gets its usual arguments, where it
/// is not said with `{app_args}` that they belong elsewhere; other programs of the package are
/// found as it is.
pub(super) fn argv(
    words: &[String],
    context: &Exercise<'_>,
    variables: &BTreeMap<String, String>,
) -> Vec<String> {
    const ARGS: &str = "{app_args}";
    let Some((program, rest)) = words.split_first() else {
        return Vec::new();
    };
    let path = fill(program, variables);
    let is_app = program == "{app_path}" || path == context.app_path();
    let mut argv = if path.starts_with('/') && !is_app {
        vec![context.guest.program_path(&path)]
    } else {
        vec![path]
    };
    if is_app && !rest.iter().any(|word| word == ARGS) {
        argv.extend(context.app.args.iter().cloned());
    }
    for word in rest {
        if word == ARGS {
            argv.extend(context.app.args.iter().cloned());
        } else {
            argv.push(fill(word, variables));
        }
    }
    argv
}

/// Quotes an argument for a shell, where it has to be.
fn quoted(arg: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@%+".contains(c);
    if !arg.is_empty() && arg.chars().all(is_plain) {
        return arg.into();
    }
    format!("'{}'", arg.replace('\'', r"'\''"))
}

/// Writes a time so that it can be part of a file's name: `20261122_062220`.
fn digits(now: Timestamp) -> String {
    let text = now.to_string();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    format!("{}_{:.6}", digits(day), digits(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted_where_they_must_be() {
        assert_eq!(quoted("--a=b"), "--a=b");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_time_becomes_digits() {
        assert_eq!(digits(Timestamp(1_700_000_000_123)), "20231114_221320");
    }
}
