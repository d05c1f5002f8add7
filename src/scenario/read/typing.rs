//! Reads the keys of a step, and what must hold after them.

use super::{
    around::Around,
    condition, fields,
    mistakes::Mistakes,
    parts::{Entry, Parts},
    yaml::Data,
};
use crate::{
    model::Chord,
    scenario::{Canary, Check, Expect, Press, Target, Typing, Way, fill},
};
use std::time::Duration;

/// How long something is watched that must not come up.
const WATCHED: Duration = Duration::from_secs(1);

/// How long something may take to come true.
const USUAL: Duration = Duration::from_secs(10);

/// Reads the keys of a step.
pub(super) fn read(
    parts: &mut Parts<'_>,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Typing {
    let before = parts.take_one(&["key_pre", "then_key_pre"], mistakes);
    let text = parts.take_one(&["type", "then_type"], mistakes);
    let after = parts.take_one(&["key", "then_key"], mistakes);
    let verify = parts.take("verify_input");
    Typing {
        before: before.and_then(|entry| press(entry, around, mistakes)),
        canary: canary(parts, around, mistakes),
        text: text.and_then(|(key, value)| fields::text(key, value, mistakes)),
        verify: verify
            .and_then(|(key, value)| condition::check(key, value, false, around, mistakes)),
        after: after.and_then(|entry| press(entry, around, mistakes)),
    }
}

fn press(
    (key, value): Entry<'_>,
    around: &Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Press> {
    let text = fill(&fields::text(key, value, mistakes)?, &around.vars);
    match Chord::parse(&text) {
        Ok(chord) => Some(Press { text, chord }),
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

fn canary(
    parts: &mut Parts<'_>,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Canary> {
    let is_on = parts.take("canary");
    let is_on = is_on.and_then(|(key, value)| fields::flag(key, value, mistakes));
    let verify = parts.take("canary_verify");
    let verify_at = verify.map(|(key, _)| key.at.clone());
    let verify =
        verify.and_then(|(key, value)| condition::check(key, value, false, around, mistakes));
    let char = parts.take("canary_char");
    let text = match char {
        None => "q".to_owned(),
        Some((key, value)) => {
            let text = fields::text(key, value, mistakes)?;
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            if text.chars().count() != 1 || !text.chars().all(is_plain) {
                let message =
                    "`canary_char` is one small letter or digit, for which no key has to be held";
                mistakes.error(&value.at, message);
            }
            text
        }
    };
    if is_on != Some(true) {
        return None;
    }
    if verify.is_none() && verify_at.is_none() {
        let hint = "add `canary_verify`, which says how the character is seen";
        let message = "a canary that nobody looks at proves nothing";
        mistakes.error_with_hint(&parts.place("canary"), message, hint);
    }
    let verify = verify?;
    Some(Canary { text, verify })
}

/// Reads what must hold.
pub(super) fn expect(
    parts: &mut Parts<'_>,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Expect {
    let mut all = Vec::new();
    if let Some((key, value)) = parts.take("verify") {
        all.extend(condition::check(key, value, false, around, mistakes));
    }
    if let Some((key, value)) = parts.take("verify_atspi") {
        if let Data::Text(_) = value.data {
            let hint = "for instance `verify_atspi: {role: entry, name: Email}`";
            mistakes.error_with_hint(&value.at, "`verify_atspi` must be a map", hint);
        }
        all.extend(condition::check(key, value, true, around, mistakes));
    }
    if let Some((key, value)) = parts.take("verify_not") {
        all.extend(condition::absent(key, value, around, mistakes));
    }
    let mut any = Vec::new();
    if let Some((key, value)) = parts.take("accept_any") {
        any = condition::checks(key, value, around, mistakes).unwrap_or_default();
        if parts.has("verify") {
            let hint = "put it into the list, or make a step of it";
            mistakes.error_with_hint(
                &key.at,
                "`accept_any` and `verify` exclude each other",
                hint,
            );
        }
    }
    let is_consistent = consistent(parts, &all, mistakes);
    let watched = parts.take("for");
    let watched = watched.map(|(key, value)| (key, fields::seconds(key, value, mistakes)));
    let stays_away = parts.take("assert_no").and_then(|(key, value)| {
        let check = condition::absent(key, value, around, mistakes)?;
        let time = watched.as_ref().and_then(|(_, time)| *time);
        Some((check, time.unwrap_or(WATCHED)))
    });
    if let (Some((key, _)), false) = (&watched, parts.has("assert_no")) {
        mistakes.error(&key.at, "`for` belongs to `assert_no`");
    }
    let timeout = parts.take("verify_timeout");
    let timeout = timeout.and_then(|(key, value)| fields::seconds(key, value, mistakes));
    let timeout = timeout.unwrap_or(USUAL);
    Expect {
        all,
        any,
        is_consistent,
        stays_away,
        timeout,
    }
}

/// Reads whether a model must say so twice; notes when no model is asked.
fn consistent(parts: &mut Parts<'_>, all: &[Check], mistakes: &mut Mistakes<'_>) -> bool {
    let Some((key, value)) = parts.take("verify_consistent") else {
        return false;
    };
    let is_on = fields::flag(key, value, mistakes).unwrap_or(false);
    let is_statement = |target: &Target| {
        target
            .ways
            .iter()
            .any(|way| matches!(way, Way::Statement(_)))
    };
    if is_on && !all.iter().any(|check| is_statement(&check.target)) {
        let message = "`verify_consistent` says nothing without a statement in `verify`";
        mistakes.warning(&key.at, message, None);
    }
    is_on
}
