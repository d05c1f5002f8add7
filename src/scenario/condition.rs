//! Reads what a step checks: one thing for `verify`, several for `wait_for`.

use super::{
    Check, Quantifier, fields,
    mistakes::Mistakes,
    target::{Draft, KEYS, Surroundings},
    yaml::{Data, Key, Value},
};
use std::time::Duration;

/// What `wait_for` says.
#[derive(Debug)]
pub(super) struct Conditions {
    pub(super) quantifier: Quantifier,
    pub(super) checks: Vec<Check>,
    pub(super) timeout: Option<Duration>,
}

/// Reads one check. Strings are statements for a vision model, which nobody can answer yet.
pub(super) fn check(
    key: &Key,
    value: &Value,
    name_is_part: bool,
    around: &mut Surroundings<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Check> {
    if let Data::Text(_) = value.data {
        needs_vision(key, value, mistakes);
        return None;
    }
    let entries = fields::map(key, value, mistakes)?;
    check_of(entries, value, name_is_part, around, mistakes)
}

/// Notes that a statement cannot be judged.
pub(super) fn needs_vision(key: &Key, value: &Value, mistakes: &mut Mistakes<'_>) {
    let message = format!(
        "`{}` with a statement needs a vision model, which this version does not drive yet",
        key.text
    );
    let hint =
        "say what to look for: `{role: label, name: ..}`, `{anchor: x.png}` or `{window: ..}`";
    let at = if value.at.is_empty() {
        &key.at
    } else {
        &value.at
    };
    mistakes.error_with_hint(at, message, hint);
}

/// Reads `any` or `all`, and a time-out.
pub(super) fn conditions(
    key: &Key,
    value: &Value,
    around: &mut Surroundings<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Conditions> {
    let mut found: Vec<(Quantifier, Option<Vec<Check>>)> = Vec::new();
    let mut app = None;
    let mut timeout = None;
    let entries = fields::map(key, value, mistakes)?;
    for (key, value) in entries {
        match key.text.as_str() {
            "any" => found.push((Quantifier::Any, checks(key, value, around, mistakes))),
            "all" => found.push((Quantifier::All, checks(key, value, around, mistakes))),
            "timeout" => timeout = fields::seconds(key, value, mistakes),
            "interval" => {
                fields::seconds(key, value, mistakes);
                let message = "`interval` does nothing: every change is looked at when it happens";
                mistakes.warning(&key.at, message, None);
            }
            "app" | "app_filter" => app = fields::text(key, value, mistakes),
            word => {
                let known = ["any", "all", "timeout", "app", "app_filter", "interval"];
                mistakes.unknown(
                    &key.at,
                    format!("`wait_for` has no key `{word}`"),
                    word,
                    &known,
                );
            }
        }
    }
    let Ok([(quantifier, checks)]) = <[_; 1]>::try_from(found) else {
        mistakes.error(
            &key.at,
            "`wait_for` needs either `any` or `all`, with a list",
        );
        return None;
    };
    let mut checks = checks?;
    for check in &mut checks {
        check.belongs_to(app.as_deref());
    }
    Some(Conditions {
        quantifier,
        checks,
        timeout,
    })
}

impl Check {
    /// Narrows a widget down to an application, unless it names its own.
    fn belongs_to(&mut self, app: Option<&str>) {
        if let (super::Target::Node(query), Some(app)) = (&mut self.target, app)
            && query.app.is_empty()
        {
            app.clone_into(&mut query.app);
        }
    }
}

fn checks(
    key: &Key,
    value: &Value,
    around: &mut Surroundings<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Vec<Check>> {
    let items = fields::list(key, value, mistakes)?;
    if items.is_empty() {
        mistakes.error(
            &key.at,
            format!("`{}` is empty: nothing to wait for", key.text),
        );
        return None;
    }
    // All of them are read before giving up, so that every mistake is told.
    let checks: Vec<Option<Check>> = items
        .iter()
        .map(|item| check(key, item, false, around, mistakes))
        .collect();
    checks.into_iter().collect()
}

fn check_of(
    entries: &[(Key, Value)],
    whole: &Value,
    name_is_part: bool,
    around: &mut Surroundings<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Check> {
    let mut draft = Draft::default();
    let mut is_absent = Some(false);
    for (key, value) in entries {
        if key.text == "absent" {
            is_absent = fields::flag(key, value, mistakes);
        } else if !draft.take((key, value), around, mistakes) {
            let known: Vec<&str> = KEYS.into_iter().chain(["absent"]).collect();
            let word = &key.text;
            mistakes.unknown(
                &key.at,
                format!("a check has no key `{word}`"),
                word,
                &known,
            );
        }
    }
    let target = draft.finish(&whole.at, name_is_part, mistakes)?;
    let is_absent = is_absent?;
    Some(Check { target, is_absent })
}
