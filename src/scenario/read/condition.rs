//! Reads what a step checks: one thing, or several of which one or all must hold.

use super::{
    around::Around,
    fields,
    mistakes::Mistakes,
    parts::Parts,
    target,
    yaml::{Data, Key, Value},
};
use crate::scenario::{Check, Quantifier, Target, Way, keys::Holder};
use std::time::Duration;

/// What `wait_for` says.
#[derive(Debug)]
pub(super) struct Conditions {
    pub(super) quantifier: Quantifier,
    pub(super) checks: Vec<Check>,
    pub(super) timeout: Option<Duration>,
}

/// Reads one check: a text is a statement for a model, a map is something to look for.
pub(super) fn check(
    key: &Key,
    value: &Value,
    name_is_part: bool,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Check> {
    if let Data::Text(_) = value.data {
        let statement = fields::text(key, value, mistakes)?;
        return Some(Check {
            target: Target::by(Way::Statement(statement)),
            is_absent: false,
        });
    }
    let entries = fields::map(key, value, mistakes)?;
    let mut parts = Parts::new(Holder::Check, entries);
    let absent = parts.take("absent");
    let absent = absent.map(|(key, value)| fields::flag(key, value, mistakes));
    let drafted = target::read(&mut parts, value, name_is_part, around, mistakes);
    target::refuse_rest("a check", &parts, mistakes);
    Some(Check {
        target: drafted?.target,
        is_absent: absent.unwrap_or(Some(false))?,
    })
}

/// Reads one check that is turned around: what is said must not be.
pub(super) fn absent(
    key: &Key,
    value: &Value,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Check> {
    let check = check(key, value, false, around, mistakes)?;
    if check.is_absent {
        let message = format!("`absent` within `{}` says it twice", key.text);
        mistakes.error(&value.at, message);
    }
    let is_absent = true;
    Some(Check { is_absent, ..check })
}

/// Reads `any` or `all`, and a time-out.
pub(super) fn conditions(
    key: &Key,
    value: &Value,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Conditions> {
    let mut parts = Parts::new(Holder::WaitFor, fields::map(key, value, mistakes)?);
    let timeout = parts.take("timeout");
    let timeout = timeout.and_then(|(key, value)| fields::seconds(key, value, mistakes));
    if let Some((key, value)) = parts.take("interval") {
        fields::seconds(key, value, mistakes);
        let message = "`interval` does nothing: every change is looked at when it happens";
        mistakes.warning(&key.at, message, None);
    }
    let app = parts.take_one(&["app", "app_filter"], mistakes);
    let app = app.and_then(|(key, value)| target::app_name(key, value, mistakes));
    let any = parts.take("any").map(|entry| (Quantifier::Any, entry));
    let all = parts.take("all").map(|entry| (Quantifier::All, entry));
    for key in parts.rest() {
        let word = key.text.as_str();
        let message = format!("`wait_for` has no key `{word}`");
        mistakes.unknown(&key.at, message, word, &parts.known());
    }
    let ((Some(only), None) | (None, Some(only))) = (any, all) else {
        let message = "`wait_for` needs either `any` or `all`, with a list";
        mistakes.error(&key.at, message);
        return None;
    };
    let (quantifier, (key, value)) = only;
    let mut checks = checks(key, value, around, mistakes)?;
    for check in &mut checks {
        check.belongs_to(app.as_deref());
    }
    Some(Conditions {
        quantifier,
        checks,
        timeout,
    })
}

/// Reads a list of checks that is not empty.
pub(super) fn checks(
    key: &Key,
    value: &Value,
    around: &mut Around<'_>,
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

impl Check {
    /// Narrows a widget down to an application, unless it names its own.
    fn belongs_to(&mut self, app: Option<&str>) {
        let Some(app) = app else { return };
        for way in &mut self.target.ways {
            if let Way::Node(query) = way
                && query.app.is_empty()
            {
                app.clone_into(&mut query.app);
            }
        }
    }
}
