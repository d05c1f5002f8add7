//! One line: an object with the fields that every line has, and its own. Secrets are taken out of
//! every text before it is cut, so that no part of one is left.

use crate::{
    model::{Secrets, Timestamp},
    report::words,
};
use serde_json::{Map, Value};

/// A line that is being put together.
pub(super) struct Line(Vec<(&'static str, Value, Option<usize>)>);

impl Line {
    /// A line about an event of this name.
    pub(super) fn new(event: &'static str) -> Self {
        Self(Vec::new()).with("event", event)
    }

    /// Takes one more field.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((name, value.into(), None));
        self
    }

    /// Takes a text of which at most `length` characters are written.
    pub(super) fn with_short(mut self, name: &'static str, text: &str, length: usize) -> Self {
        self.0.push((name, text.into(), Some(length)));
        self
    }

    /// Says which step it is about: a number, or with dots a text.
    pub(super) fn step(self, path: Option<&str>) -> Self {
        let number = path.map(|path| match path.parse::<u32>() {
            Ok(number) => Value::from(number),
            Err(_) => Value::from(path),
        });
        match number {
            Some(number) => self.with("step_num", number),
            None => self,
        }
    }

    /// Says when it was.
    pub(super) fn at(self, at: Timestamp) -> Self {
        // Many parsers of dates know no `Z`.
        let time = at.to_string().replace('Z', "+00:00");
        self.with("ts", time)
    }

    /// Writes the object.
    pub(super) fn written(self, secrets: &Secrets) -> String {
        let fields = self.0.into_iter().map(|(name, value, length)| {
            let value = match (value, length) {
                (Value::String(text), Some(length)) => {
                    words::cut(&secrets.mask(&text), length).into()
                }
                (Value::String(text), None) => secrets.mask(&text).into(),
                (other, _) => other,
            };
            (name.to_owned(), value)
        });
        Value::Object(fields.collect::<Map<_, _>>()).to_string()
    }
}
