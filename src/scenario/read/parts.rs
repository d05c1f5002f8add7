//! The keys of one map, taken one after the other by whoever knows what they mean. What nobody took
//! has no business there.

use super::{
    mistakes::Mistakes,
    yaml::{Key, Value},
};
use crate::scenario::keys::{self, Holder};

/// A key and what stands behind it.
pub(super) type Entry<'v> = (&'v Key, &'v Value);

/// The keys of one map.
#[derive(Debug)]
pub(super) struct Parts<'v> {
    holder: Holder,
    entries: &'v [(Key, Value)],
    is_taken: Vec<bool>,
}

impl<'v> Parts<'v> {
    /// Takes the entries of a map of the sort `holder`. Keys that begin with `_` are for other
    /// tools.
    pub(super) fn new(holder: Holder, entries: &'v [(Key, Value)]) -> Self {
        let is_private = |(key, _): &(Key, Value)| key.text.starts_with('_');
        Self {
            holder,
            entries,
            is_taken: entries.iter().map(is_private).collect(),
        }
    }

    /// Whether there is a key of this name, taken or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| key.text == name)
    }

    /// Returns what stands behind the key of this name, and leaves it.
    pub(super) fn look(&self, name: &str) -> Option<&'v Value> {
        let mut entries = self.entries.iter();
        entries
            .find(|(key, _)| key.text == name)
            .map(|(_, value)| value)
    }

    /// Takes the key of this name, which is in the table of keys.
    pub(super) fn take(&mut self, name: &str) -> Option<Entry<'v>> {
        debug_assert!(
            keys::knows(self.holder, name),
            "the table of keys lacks `{name}` of {:?}",
            self.holder
        );
        self.take_any(name)
    }

    fn take_any(&mut self, name: &str) -> Option<Entry<'v>> {
        let index = self.entries.iter().position(|(key, _)| key.text == name)?;
        self.is_taken[index] = true;
        let (key, value) = &self.entries[index];
        Some((key, value))
    }

    /// Takes a key that is in no table, to say something else of it than of a slip.
    pub(super) fn take_unknown(&mut self, name: &str) -> Option<Entry<'v>> {
        debug_assert!(!keys::knows(self.holder, name), "`{name}` is in the table");
        self.take_any(name)
    }

    /// Takes the key that has one of these names, which all mean the same; notes when there are
    /// several.
    pub(super) fn take_one(
        &mut self,
        names: &[&str],
        mistakes: &mut Mistakes<'_>,
    ) -> Option<Entry<'v>> {
        let mut found: Option<Entry<'v>> = None;
        for name in names {
            let Some((key, value)) = self.take(name) else {
                continue;
            };
            if let Some((first, _)) = found {
                let message = format!("`{}` and `{}` are the same key", first.text, key.text);
                mistakes.error(&key.at, message);
            }
            found = found.or(Some((key, value)));
        }
        found
    }

    /// Returns the names of the keys that may stand here.
    pub(super) fn known(&self) -> Vec<&'static str> {
        keys::names(self.holder)
    }

    /// Returns the keys that nobody took.
    pub(super) fn rest(&self) -> impl Iterator<Item = &'v Key> {
        let entries = self.entries.iter().zip(&self.is_taken);
        entries
            .filter(|(_, is_taken)| !**is_taken)
            .map(|((key, _), _)| key)
    }

    /// Returns where the key of this name stands.
    pub(super) fn place(&self, name: &str) -> std::ops::Range<usize> {
        let mut entries = self.entries.iter();
        let found = entries.find(|(key, _)| key.text == name);
        found.map_or(0..0, |(key, _)| key.at.clone())
    }

    /// Returns where its first key stands.
    pub(super) fn start(&self) -> Option<usize> {
        self.entries.first().map(|(key, _)| key.at.start)
    }
}
