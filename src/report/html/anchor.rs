//! Names of places on the page, which links from elsewhere rely on.

use crate::model::StepKey;
use std::collections::{BTreeMap, BTreeSet};

/// The place of each step.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    by_key: BTreeMap<StepKey, String>,
    taken: BTreeSet<String>,
}

impl Anchors {
    /// Names the places of all `keys`.
    pub(super) fn of<'a>(keys: impl Iterator<Item = &'a StepKey>) -> Self {
        let mut anchors = Self::default();
        for key in keys {
            let anchor = anchors.free(&readable(key));
            anchors.by_key.insert(key.clone(), anchor);
        }
        anchors
    }

    /// Returns the place of `key`.
    pub(super) fn get(&self, key: &StepKey) -> &str {
        self.by_key.get(key).map_or("", String::as_str)
    }

    /// Different keys can read alike once their slashes are gone.
    fn free(&mut self, wanted: &str) -> String {
        let numbered = (2..).map(|number| format!("{wanted}-{number}"));
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        let free = names.find(|name| !self.taken.contains(name));
        let free = free.expect("there are more numbers than steps");
        self.taken.insert(free.clone());
        free
    }
}

/// `debian12-none-main.deb-open-note`; other steps than exercises end with their phase.
fn readable(key: &StepKey) -> String {
    let name = key.as_str();
    let name = name.strip_suffix(":exercise").unwrap_or(name);
    let plain = |c: char| {
        if c.is_alphanumeric() || "._".contains(c) {
            c
        } else {
            '-'
        }
    };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_readable_and_no_two_are_the_same() {
        let keys = [
            "a/none/main.deb/x-y:exercise",
            "a/none/main.deb/x/y:exercise",
            "a:restore",
        ];
        let keys = keys.map(StepKey::new);
        let anchors = Anchors::of(keys.iter());
        let places = keys.each_ref().map(|key| anchors.get(key));
        assert_eq!(
            places,
            ["a-none-main.deb-x-y", "a-none-main.deb-x-y-2", "a-restore"]
        );
    }
}
