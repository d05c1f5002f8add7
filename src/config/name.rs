//! What may be a name, and which name was probably meant.

use super::{
    mistakes::Mistakes,
    source::{At, Found},
};
use crate::model::did_you_mean;

/// Complains when `name` could not stand in a step key, a path or a selector; `kind` is what it
/// names, such as `a machine`.
pub(super) fn check(name: Found<&str>, kind: &str, mistakes: &Mistakes) {
    refuse_for(name.value, &[], name.at, kind, mistakes);
}

/// Does the same for a package format, which a dot parts from the build.
pub(super) fn check_format(name: Found<&str>, mistakes: &Mistakes) {
    refuse_for(name.value, &['.'], name.at, "a package format", mistakes);
}

/// Returns the hint for a word that is none of `candidates`.
pub(super) fn near<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let candidates: Vec<&str> = candidates.into_iter().collect();
    if let Some(name) = did_you_mean(word, candidates.iter().copied()) {
        return format!("did you mean `{name}`?");
    }
    let shown: Vec<_> = candidates
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    match candidates.len() {
        0 => "there is none".into(),
        1 => format!("there is only {}", shown[0]),
        all if all > SHOWN => format!("there are {} and {} more", shown.join(", "), all - SHOWN),
        _ => format!("there are {}", shown.join(", ")),
    }
}

fn refuse_for(name: &str, also: &[char], at: At, kind: &str, mistakes: &Mistakes) {
    const HINT: &str =
        "names become parts of step keys such as `debian12/none/main.deb/open-note:exercise`";
    const NEVER: &[char] = &['/', ':', '\\', '*', '?', '[', ']', '{', '}'];
    let why = if name.trim().is_empty() {
        "it is empty".into()
    } else if let Some(c) = name.chars().find(|c| NEVER.contains(c) || also.contains(c)) {
        format!("it contains `{c}`")
    } else if name.chars().any(char::is_control) {
        "it contains a control character".into()
    } else if name.trim() != name {
        "it begins or ends with a space".into()
    } else if name == "." || name == ".." {
        "it is a folder".into()
    } else {
        return;
    };
    let shown = name.escape_debug();
    mistakes.error(
        at,
        format!("`{shown}` cannot be the name of {kind}: {why}"),
        HINT,
    );
}
