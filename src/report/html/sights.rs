//! What was looked for, drawn on its picture and said in words, and what the page needs to look
//! again by itself.

use super::pictures::{Embedded, Embedder};
use crate::{
    model::{Answer, ReadLine, Rect, Sight, SightKind},
    report::{Attempt, words},
};
use serde::Serialize;
use std::collections::BTreeMap;

const WORDS_LENGTH: usize = 300;

/// A box on a picture.
#[derive(Debug, Serialize)]
pub(super) struct Frame {
    x: i32,
    y: i32,
    width: i32,
    height: i32,
    /// Whether it is where it was found, the nearest to it, or the second best.
    class: &'static str,
    text: String,
}

/// A look in a line.
#[derive(Debug, Serialize)]
pub(super) struct SightLine {
    kind: &'static str,
    what: String,
    answer: &'static str,
    numbers: String,
    why: String,
    took: String,
}

/// What can be looked for again on a picture.
#[derive(Debug, Serialize)]
struct Again {
    kind: SightKind,
    what: String,
    area: Option<Rect>,
    slack: usize,
    ignores_case: bool,
    /// The anchor among [`Parts::anchors`].
    anchor: Option<String>,
    /// The lines among [`Parts::lines`].
    lines: Option<String>,
}

/// What looking again needs, each once.
#[derive(Debug, Default, Serialize)]
pub(super) struct Parts {
    /// `data:` addresses of anchors by the path of the first file with that content.
    anchors: BTreeMap<String, String>,
    /// What was read, by file.
    lines: BTreeMap<String, Vec<ReadLine>>,
}

impl Parts {
    /// Writes it so that it can stand within a script element.
    pub(super) fn script(&self) -> String {
        script(self)
    }
}

impl Embedder<'_> {
    /// Takes what the looks on one picture need, as far as there is room, and says what can be
    /// looked for again; empty when nothing can.
    pub(super) fn again(&mut self, sights: &[&Sight]) -> String {
        let all: Vec<Again> = sights.iter().filter_map(|sight| self.part(sight)).collect();
        if all.is_empty() {
            return String::new();
        }
        serde_json::to_string(&all).expect("texts and numbers can be written")
    }

    fn part(&mut self, sight: &Sight) -> Option<Again> {
        let anchor = self.anchor(&sight.anchor);
        let lines = self.read(&sight.read);
        let is_possible = anchor.is_some() || lines.is_some();
        is_possible.then(|| Again {
            kind: sight.kind,
            what: words::clean(&sight.what),
            area: sight.area,
            slack: sight.slack,
            ignores_case: sight.ignores_case,
            anchor,
            lines,
        })
    }

    /// Returns the name of an anchor with the content of `file`.
    fn anchor(&mut self, file: &str) -> Option<String> {
        if file.is_empty() {
            return None;
        }
        let Embedded::Picture(address) = self.once(file) else {
            return None;
        };
        let anchors = &mut self.parts.anchors;
        let same = anchors.iter().find(|(_, known)| **known == address);
        let name = same.map_or(file, |(name, _)| name).to_owned();
        anchors.entry(name.clone()).or_insert(address);
        Some(name)
    }

    fn read(&mut self, file: &str) -> Option<String> {
        if file.is_empty() {
            return None;
        }
        let lines = self.lines(file)?;
        self.parts.lines.insert(file.into(), lines);
        Some(file.into())
    }
}

/// Returns the looks of an attempt that were on the picture in `file`.
pub(super) fn on<'a>(attempt: &'a Attempt, file: &str) -> Vec<&'a Sight> {
    let all = attempt.instructions.iter().flat_map(|one| &one.sights);
    all.filter(|sight| sight.picture == file).collect()
}

/// Draws looks.
pub(super) fn frames(sights: &[&Sight]) -> Vec<Frame> {
    let mut frames = Vec::new();
    for sight in sights {
        // What lies below is drawn first.
        if let Some(second) = sight.second {
            let text = format!("second {}", number(second.score));
            frames.push(Frame::of(second.place, "second", text));
        }
        if let Some(place) = sight.place {
            let class = match sight.answer {
                Answer::Yes => "found",
                Answer::No | Answer::Unclear => "nearest",
            };
            frames.push(Frame::of(place, class, numbers(sight)));
        }
    }
    frames
}

impl Frame {
    fn of(place: Rect, class: &'static str, text: String) -> Self {
        Self {
            x: place.x,
            y: place.y,
            width: place.width,
            height: place.height,
            class,
            text,
        }
    }
}

impl SightLine {
    /// Says what a look came to.
    pub(super) fn of(sight: &Sight) -> Self {
        let answer = match (sight.answer, sight.kind) {
            (Answer::Yes, SightKind::Statement) => "true",
            (Answer::No, SightKind::Statement) => "not true",
            (Answer::Yes, _) => "there",
            (Answer::No, _) => "not there",
            (Answer::Unclear, _) => "unclear",
        };
        let second = sight.second.map(|second| {
            let (x, y) = (second.place.x, second.place.y);
            format!("; second {} at {x},{y}", number(second.score))
        });
        let place = sight.place.map(|place| format!(" at {place}"));
        Self {
            kind: sight.kind.as_str(),
            what: words::one_line(&sight.what, WORDS_LENGTH),
            answer,
            numbers: [Some(numbers(sight)), place, second]
                .into_iter()
                .flatten()
                .collect(),
            why: words::one_line(&sight.why, WORDS_LENGTH),
            took: words::duration(sight.duration_ms),
        }
    }
}

/// `like 0.987`.
fn numbers(sight: &Sight) -> String {
    let by = words::clean(&sight.by);
    match sight.score {
        Some(score) => format!("{by} {}", number(score)),
        None => by,
    }
}

fn number(thousandths: i32) -> String {
    format!("{:.3}", f64::from(thousandths) / 1000.0)
}

/// Writes JSON that no element can end within.
fn script(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("texts and numbers can be written");
    text.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_cannot_end_the_script_it_stands_in() {
        assert_eq!(script(&"</script>"), "\"\\u003c/script>\"");
    }

    #[test]
    fn numbers_are_written_with_three_digits() {
        assert_eq!(number(987), "0.987");
        assert_eq!(number(1000), "1.000");
        assert_eq!(number(-3), "-0.003");
    }
}
