//! One value of a TOML file, asked for as a type; the wrong type is a mistake. The only file beside
//! `reader` and `include` that knows the `toml` crate. Does not know what any key means.

use super::{
    duration,
    mistakes::Mistakes,
    reader::Table,
    source::{At, Found, SourceFile},
};
use std::{ops::RangeInclusive, time::Duration};
use toml::{Spanned, de::DeValue};

/// A value, and the key it belongs to.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    /// The key; an item of a list has its list's.
    pub(super) key: &'a str,
    pub(super) inner: &'a Spanned<DeValue<'a>>,
    pub(super) source: &'a SourceFile,
    pub(super) mistakes: &'a Mistakes,
}

impl<'a> Value<'a> {
    /// Returns where it is written.
    pub(super) fn at(self) -> At {
        let span = self.inner.span();
        self.source.at(span.start, span.end)
    }

    /// Asks for text.
    pub(super) fn text(self) -> Option<Found<&'a str>> {
        let text = self.inner.get_ref().as_str();
        self.found(text.or_else(|| self.refuse("text in quotes"))?)
    }

    /// Asks for text with something in it.
    pub(super) fn filled_text(self) -> Option<Found<&'a str>> {
        let text = self.text()?;
        if text.value.trim().is_empty() {
            let message = format!("`{}` is empty", self.key);
            self.mistakes.error(self.at(), message, "");
            return None;
        }
        Some(text)
    }

    /// Asks for one of several words.
    pub(super) fn choice<T: Copy>(self, choices: &[(&str, T)]) -> Option<Found<T>> {
        let text = self.text()?;
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text.value) {
            return self.found(*value);
        }
        let words = choices.iter().map(|(word, _)| *word);
        let message = format!("`{}` cannot be `{}`", self.key, text.value);
        let hint = super::name::near(text.value, words);
        self.mistakes.error(text.at, message, hint);
        None
    }

    /// Asks for a whole number within `range`.
    pub(super) fn whole<T>(self, range: RangeInclusive<T>) -> Option<Found<T>>
    where
        T: TryFrom<i128> + PartialOrd + std::fmt::Display,
    {
        let Some(digits) = self.inner.get_ref().as_integer() else {
            return self.refuse("a whole number");
        };
        let number = i128::from_str_radix(digits.as_str(), digits.radix());
        let number = number.ok().and_then(|number| T::try_from(number).ok());
        match number.filter(|number| range.contains(number)) {
            Some(number) => self.found(number),
            None => self.out_of_range(range.start(), range.end()),
        }
    }

    /// Asks for a number from 0 to 1.
    pub(super) fn rate(self) -> Option<Found<f64>> {
        let value = self.inner.get_ref();
        let number = match (value.as_float(), value.as_integer()) {
            (Some(float), _) => float.as_str().parse::<f64>().ok(),
            (_, Some(digits)) => digits.as_str().parse::<f64>().ok(),
            (None, None) => return self.refuse("a number"),
        };
        match number.filter(|number| (0.0..=1.0).contains(number)) {
            Some(number) => self.found(number),
            None => self.out_of_range(&0, &1),
        }
    }

    /// Asks for yes or no.
    pub(super) fn truth(self) -> Option<Found<bool>> {
        let value = self.inner.get_ref().as_bool();
        self.found(value.or_else(|| self.refuse("`true` or `false`"))?)
    }

    /// Asks for a span of time: text with units, or whole seconds.
    pub(super) fn duration(self) -> Option<Found<Duration>> {
        if self.inner.get_ref().is_integer() {
            let seconds = self.whole(0..=u64::from(u32::MAX))?;
            return self.found(Duration::from_secs(seconds.value));
        }
        let Some(text) = self.inner.get_ref().as_str() else {
            return self.refuse("a span of time such as `\"15m\"`");
        };
        let duration = duration::parse(text);
        if duration.is_none() {
            let message = format!("`{text}` is not a span of time");
            self.mistakes.error(self.at(), message, duration::EXAMPLE);
        }
        self.found(duration?)
    }

    /// Asks for a span of time in which something can happen.
    pub(super) fn limit(self) -> Option<Found<Duration>> {
        let limit = self.duration()?;
        if limit.value.is_zero() {
            let message = format!("`{}` must be more than nothing", self.key);
            self.mistakes.error(limit.at, message, "");
            return None;
        }
        Some(limit)
    }

    /// Asks for a list.
    pub(super) fn items(self) -> Option<Vec<Self>> {
        let Some(items) = self.inner.get_ref().as_array() else {
            return self.refuse("a list");
        };
        Some(items.iter().map(|inner| Self { inner, ..self }).collect())
    }

    /// Asks for a list of texts, where one text alone is a list of one.
    pub(super) fn texts(self) -> Option<Vec<Found<&'a str>>> {
        if self.inner.get_ref().is_str() {
            return self.text().map(|text| vec![text]);
        }
        Some(self.items()?.into_iter().filter_map(Self::text).collect())
    }

    /// Asks for a table; `title` is what messages call it.
    pub(super) fn table(self, title: &'static str) -> Option<Table<'a>> {
        let Some(entries) = self.inner.get_ref().as_table() else {
            return self.refuse("a table");
        };
        Some(Table::new(title, entries, self))
    }

    /// Asks for a list of tables.
    pub(super) fn tables(self, title: &'static str) -> Vec<Table<'a>> {
        if self.inner.get_ref().is_table() {
            let message = format!("`{}` must be a list of tables, not a table", self.key);
            self.mistakes
                .error(self.at(), message, format!("write `{title}`"));
            return Vec::new();
        }
        let items = self.items().unwrap_or_default();
        items
            .into_iter()
            .filter_map(|item| item.table(title))
            .collect()
    }

    #[expect(clippy::unnecessary_wraps, reason = "every question ends with it")]
    fn found<T>(self, value: T) -> Option<Found<T>> {
        let at = self.at();
        Some(Found { value, at })
    }

    fn refuse<T>(self, wanted: &str) -> Option<T> {
        let given = match self.inner.get_ref().type_str() {
            "string" => "text",
            "integer" => "a whole number",
            "float" => "a number with a fraction",
            "boolean" => "`true` or `false`",
            "array" => "a list",
            "table" => "a table",
            _ => "a date",
        };
        let message = format!("`{}` must be {wanted}, not {given}", self.key);
        self.mistakes.error(self.at(), message, "");
        None
    }

    fn out_of_range<T>(
        self,
        least: &dyn std::fmt::Display,
        most: &dyn std::fmt::Display,
    ) -> Option<T> {
        let message = format!("`{}` must be from {least} to {most}", self.key);
        self.mistakes.error(self.at(), message, "");
        None
    }
}
