//! A YAML document as a tree of values with their places. The only file that knows `saphyr`.
//!
//! It knows nothing about scenarios: what keys mean is for `document`.

use saphyr::{LoadableYamlNode as _, MarkedYaml, Scalar, ScanError, YamlData};
use std::ops::Range;

/// How far a line may be indented, dashes included. The parser calls itself for each level, so
/// without an end to it a document could bring mosdat down.
const DEEPEST: usize = 200;

/// A value and the bytes it stands at.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::scenario) struct Value {
    /// Where it stands; for maps and lists, where they begin.
    pub(in crate::scenario) at: Range<usize>,
    /// What it is.
    pub(in crate::scenario) data: Data,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::scenario) enum Data {
    /// Nothing was written, or `null`.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number, and how it was written.
    Number(f64, String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A map, in the order of the document. No key comes twice.
    Map(Vec<(Key, Value)>),
    /// A value with a tag: `!import x`.
    Tagged(String, Box<Value>),
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::scenario) struct Key {
    /// Where it stands.
    pub(in crate::scenario) at: Range<usize>,
    /// What it says.
    pub(in crate::scenario) text: String,
}

/// A text is no YAML.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::scenario) struct Malformed {
    /// Where that was noticed.
    pub(in crate::scenario) at: Range<usize>,
    /// What is wrong.
    pub(in crate::scenario) message: String,
    /// How to put it right.
    pub(in crate::scenario) hint: Option<String>,
}

/// Reads every document in `text`.
pub(in crate::scenario) fn read(text: &str) -> Result<Vec<Value>, Malformed> {
    refuse_depth(text)?;
    let source = Source::new(text);
    let nodes = MarkedYaml::load_from_str(text).map_err(|err| source.malformed(&err))?;
    nodes.iter().map(|node| source.value(node)).collect()
}

fn refuse_depth(text: &str) -> Result<(), Malformed> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let depth = line.len() - after_indicators(line).len();
        if depth > DEEPEST {
            return Err(Malformed {
                at: start..start + depth,
                message: format!("the line is indented deeper than {DEEPEST} characters"),
                hint: None,
            });
        }
        start += line.len();
    }
    Ok(())
}

/// Skips spaces, and dashes and marks that open a level.
fn after_indicators(line: &str) -> &str {
    let mut rest = line.trim_start_matches(' ');
    while let Some(next) = ["- ", "? ", ": "]
        .iter()
        .find_map(|mark| rest.strip_prefix(mark))
    {
        rest = next.trim_start_matches(' ');
    }
    rest
}

/// A text whose characters have been counted: the parser counts in characters, we in bytes.
struct Source<'t> {
    text: &'t str,
    offsets: Vec<usize>,
}

impl<'t> Source<'t> {
    fn new(text: &'t str) -> Self {
        let offsets = text.char_indices().map(|(offset, _)| offset).collect();
        Self { text, offsets }
    }

    fn offset(&self, index: usize) -> usize {
        self.offsets.get(index).copied().unwrap_or(self.text.len())
    }

    fn malformed(&self, err: &ScanError) -> Malformed {
        let start = self.offset(err.marker().index());
        let line = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let has_tab = self.text[line..]
            .lines()
            .next()
            .is_some_and(|line| line.trim_start_matches(' ').starts_with('\t'));
        let hint = has_tab.then(|| "YAML is indented with spaces, never with tabs".into());
        Malformed {
            at: start..start,
            message: format!("this is no YAML: {}", err.info()),
            hint,
        }
    }

    fn value(&self, node: &MarkedYaml<'_>) -> Result<Value, Malformed> {
        let (start, end) = (node.span.start.index(), node.span.end.index());
        let at = self.offset(start)..self.offset(end.max(start));
        let data = self.data(node, &at)?;
        Ok(Value { at, data })
    }

    fn data(&self, node: &MarkedYaml<'_>, at: &Range<usize>) -> Result<Data, Malformed> {
        let written = || self.text[at.clone()].trim_end().to_owned();
        Ok(match &node.data {
            YamlData::Value(Scalar::Null) => Data::Null,
            YamlData::Value(Scalar::Boolean(flag)) => Data::Flag(*flag),
            YamlData::Value(Scalar::Integer(number)) => Data::Number(*number as f64, written()),
            YamlData::Value(Scalar::FloatingPoint(number)) => Data::Number(number.0, written()),
            YamlData::Value(Scalar::String(text)) | YamlData::Representation(text, ..) => {
                Data::Text(text.clone().into_owned())
            }
            YamlData::Sequence(items) => {
                let items = items.iter().map(|item| self.value(item));
                Data::List(items.collect::<Result<_, _>>()?)
            }
            YamlData::Mapping(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| Ok((self.key(key)?, self.value(value)?)));
                Data::Map(entries.collect::<Result<_, _>>()?)
            }
            YamlData::Tagged(tag, inner) => {
                let name = format!("{}{}", tag.handle, tag.suffix);
                Data::Tagged(name, Box::new(self.value(inner)?))
            }
            YamlData::Alias(_) | YamlData::BadValue => {
                return Err(Malformed {
                    at: at.clone(),
                    message: "this is no YAML: the value cannot be read".into(),
                    hint: None,
                });
            }
        })
    }

    fn key(&self, node: &MarkedYaml<'_>) -> Result<Key, Malformed> {
        let Value { at, data } = self.value(node)?;
        let text = match data {
            Data::Text(text) | Data::Number(_, text) => text,
            Data::Flag(flag) => flag.to_string(),
            Data::Null | Data::List(_) | Data::Map(_) | Data::Tagged(..) => {
                return Err(Malformed {
                    at,
                    message: "a key must be a word".into(),
                    hint: None,
                });
            }
        };
        Ok(Key { at, text })
    }
}

impl Value {
    /// Returns a value as if `json` stood at `at`.
    pub(in crate::scenario) fn of_json(json: &serde_json::Value, at: Range<usize>) -> Self {
        use serde_json::Value as Json;
        let below = |json: &Json| Self::of_json(json, at.clone());
        let data = match json {
            Json::Null => Data::Null,
            Json::Bool(flag) => Data::Flag(*flag),
            Json::Number(number) => {
                Data::Number(number.as_f64().unwrap_or(f64::NAN), number.to_string())
            }
            Json::String(text) => Data::Text(text.clone()),
            Json::Array(items) => Data::List(items.iter().map(below).collect()),
            Json::Object(map) => {
                let key = |text: &String| Key {
                    at: at.clone(),
                    text: text.clone(),
                };
                Data::Map(
                    map.iter()
                        .map(|(name, json)| (key(name), below(json)))
                        .collect(),
                )
            }
        };
        Self { at, data }
    }

    /// Returns the value as JSON. Numbers stay whole where they were written so.
    pub(in crate::scenario) fn json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.data {
            Data::Null => Json::Null,
            Data::Flag(flag) => Json::Bool(*flag),
            Data::Number(number, written) => match written.parse::<i64>() {
                Ok(whole) => whole.into(),
                Err(_) => (*number).into(),
            },
            Data::Text(text) => Json::String(text.clone()),
            Data::List(items) => Json::Array(items.iter().map(Self::json).collect()),
            Data::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| (key.text.clone(), value.json()));
                Json::Object(entries.collect())
            }
            Data::Tagged(_, inner) => inner.json(),
        }
    }

    /// Says what sort of value it is, for people.
    pub(in crate::scenario) fn sort(&self) -> &'static str {
        match self.data {
            Data::Null => "nothing",
            Data::Flag(_) => "`true` or `false`",
            Data::Number(..) => "a number",
            Data::Text(_) => "a text",
            Data::List(_) => "a list",
            Data::Map(_) => "a map",
            Data::Tagged(..) => "a value with a tag",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bytes_whatever_the_characters_and_line_ends() {
        let text = "ä: ö\r\nname:  \"x ü\"\r\nlist: [1.50, yes, true]\r\n";
        let Data::Map(entries) = &read(text).unwrap()[0].data else {
            panic!("no map");
        };
        let at = |value: &Value| &text[value.at.clone()];
        assert_eq!(&text[entries[1].0.at.clone()], "name");
        assert_eq!(at(&entries[1].1), "\"x ü\"");
        let Data::List(items) = &entries[2].1.data else {
            panic!("no list");
        };
        assert_eq!(items[0].data, Data::Number(1.5, "1.50".into()));
        assert_eq!(items[1].data, Data::Text("yes".into()));
        assert_eq!(items[2].data, Data::Flag(true));
    }

    #[test]
    fn depth_has_an_end() {
        for text in ["- ".repeat(50_000), "? ".repeat(50_000), "[".repeat(50_000)] {
            assert!(read(&text).is_err());
        }
        let stairs: Vec<String> = (0..5_000).map(|n| " ".repeat(n) + "a:\n").collect();
        let stairs = stairs.concat();
        assert!(read(&stairs).is_err());
        // As deep as is allowed, this must fit on a thread's stack.
        let deep = format!("{}{}", "- ".repeat(99), "[".repeat(255));
        let closed = format!("{deep}{}", "]".repeat(255));
        assert!(read(&closed).is_ok());
    }

    #[test]
    fn a_duplicate_key_and_a_tab_are_no_yaml() {
        assert_eq!(read("a: 1\nb: 2\na: 3").unwrap_err().at.start, 10);
        let tab = read("a:\n\t- b: 1").unwrap_err();
        assert!(tab.hint.unwrap().contains("spaces"));
    }
}
