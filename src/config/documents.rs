//! Every file's tables seen as one: a table stands in one file, lists of tables add up. Does not
//! know what any table means.

use super::{
    include::{Document, root},
    mistakes::Mistakes,
    name,
    reader::Table,
    source::{At, Found},
    value::Value,
};
use std::cell::RefCell;

/// The tables of all files.
pub(super) struct Documents<'a> {
    roots: Vec<Value<'a>>,
    /// Where the plan file begins: the place of what is missing from all files.
    start: At,
    mistakes: &'a Mistakes,
    asked: RefCell<Vec<Asked>>,
}

/// A table that somebody asked for, and how it is written.
struct Asked {
    key: &'static str,
    title: &'static str,
}

impl<'a> Documents<'a> {
    /// Puts the files together.
    pub(super) fn new(documents: &'a [Document<'a>], mistakes: &'a Mistakes) -> Self {
        let (file, start, end) = (0, 0, 0);
        Self {
            roots: documents
                .iter()
                .map(|document| root(document, mistakes))
                .collect(),
            start: At { file, start, end },
            mistakes,
            asked: RefCell::default(),
        }
    }

    /// Asks for a table, which may stand in one file only; `title` is `[key]`.
    pub(super) fn one(&self, key: &'static str, title: &'static str) -> Option<Table<'a>> {
        self.single(key, title, |_| true)
    }

    /// Asks for `[matrix]`, which included files may have too, for nothing but their own `include`.
    pub(super) fn matrix(&self) -> Option<Table<'a>> {
        self.single("matrix", "[matrix]", |table| {
            table.source.number == 0 || !table.has_only("include")
        })
    }

    /// Asks for a list of tables; `title` is `[[key]]`.
    pub(super) fn each(&self, key: &'static str, title: &'static str) -> Vec<Table<'a>> {
        let values = self.values(key, title);
        values
            .into_iter()
            .flat_map(|value| value.tables(title))
            .collect()
    }

    /// Asks for what may be written as a table or as a list of tables, and returns both.
    pub(super) fn one_or_each(
        &self,
        key: &'static str,
        title: &'static str,
        list_title: &'static str,
    ) -> (Option<Table<'a>>, Vec<Table<'a>>) {
        let (tables, lists): (Vec<_>, Vec<_>) = self
            .values(key, title)
            .into_iter()
            .partition(|value| value.inner.get_ref().is_table());
        let tables = tables.into_iter().filter_map(|value| value.table(title));
        let lists = lists.into_iter().flat_map(|value| value.tables(list_title));
        (self.first_of(tables, title), lists.collect())
    }

    /// Complains that something is missing from all files.
    pub(super) fn error_at_start(&self, message: &str, hint: &str) {
        self.mistakes.error(self.start, message, hint);
    }

    /// Ends: every table that nobody asked for is a mistake.
    pub(super) fn finish(self) {
        let asked = self.asked.into_inner();
        for root in self.roots {
            let Some(root) = root.table("the file") else {
                continue;
            };
            for (key, value) in root.entries() {
                if !asked.iter().any(|table| table.key == key.value) {
                    unknown(key, value, &asked, self.mistakes);
                }
            }
        }
    }

    fn single(
        &self,
        key: &'static str,
        title: &'static str,
        counts: impl Fn(&Table<'a>) -> bool,
    ) -> Option<Table<'a>> {
        let values = self.values(key, title).into_iter();
        let tables = values.filter_map(|value| value.table(title)).filter(counts);
        self.first_of(tables, title)
    }

    fn first_of(
        &self,
        mut tables: impl Iterator<Item = Table<'a>>,
        title: &str,
    ) -> Option<Table<'a>> {
        let first = tables.next()?;
        for second in tables {
            let message = format!("there are two `{title}`");
            self.mistakes.again(second.at, first.at, message);
        }
        Some(first)
    }

    fn values(&self, key: &'static str, title: &'static str) -> Vec<Value<'a>> {
        self.asked.borrow_mut().push(Asked { key, title });
        let values = self.roots.iter().filter_map(|root| {
            let inner = root.inner.get_ref().get(key)?;
            Some(Value {
                key,
                inner,
                ..*root
            })
        });
        values.collect()
    }
}

fn unknown(key: Found<&str>, value: Value<'_>, asked: &[Asked], mistakes: &Mistakes) {
    let word = key.value;
    let holds_tables = value.inner.get_ref().is_table() || value.inner.get_ref().is_array();
    let kind = if holds_tables { "table" } else { "key" };
    let near = name::near(word, asked.iter().map(|table| table.key));
    let meant = asked
        .iter()
        .find(|table| near == format!("did you mean `{}`?", table.key));
    let hint = meant.map_or(near, |table| format!("did you mean `{}`?", table.title));
    mistakes.error(key.at, format!("unknown {kind} `{word}`"), hint);
}
