//! What was looked for during a step, and what each look measured: the newest look for each target.
//! Changes no verdict.

use super::{Look, Purpose};
use crate::{
    judge::{Alike, FoundText, Near},
    model::{Answer, Candidate, Frame, ReadLine, Rect, Sight, SightKind, TextLine},
    run::script::Record,
    scenario::{Rung, Target, Way},
};
use std::{sync::Arc, time::Duration};

/// How many targets of a step are remembered, the newest.
const MOST: usize = 32;

/// What a look measured while it looked.
#[derive(Debug, Default)]
pub(super) struct Measured {
    by: &'static str,
    score: Option<i32>,
    place: Option<Rect>,
    second: Option<Candidate>,
    lines: Option<Vec<TextLine>>,
}

impl Measured {
    /// Takes that all pixels are the same at `place`.
    pub(super) fn exact(&mut self, place: Rect) {
        self.put("exact", place, Some(1.0));
    }

    /// Takes a place at which some pixels are the same.
    pub(super) fn near(&mut self, near: &Near) {
        let share = near.equal as f64 / near.pixels.max(1) as f64;
        self.put("exact", near.place, Some(share));
    }

    /// Takes how alike a place is; `place` and `second` are in pixels of the whole screen.
    pub(super) fn alike(&mut self, alike: &Alike, place: Rect, second: Option<Rect>) {
        self.put("like", place, Some(alike.score));
        let second = second.zip(alike.second);
        self.second = second.map(|(place, part)| Candidate {
            place,
            score: thousandths(part.value),
        });
    }

    /// Takes the best place of those that are not alike.
    pub(super) fn unlike(&mut self, place: Rect, score: f64) {
        self.put("like", place, Some(score));
    }

    /// Takes what was read, and the text that comes nearest.
    pub(super) fn read(&mut self, lines: Vec<TextLine>, nearest: &[&FoundText]) {
        self.by = "text";
        self.lines = Some(lines);
        let Some(first) = nearest.first() else {
            return;
        };
        self.put("text", first.rect(), Some(f64::from(first.confidence)));
        self.second = nearest.get(1).map(|second| Candidate {
            place: second.rect(),
            score: thousandths(f64::from(second.confidence)),
        });
    }

    fn put(&mut self, by: &'static str, place: Rect, score: Option<f64>) {
        self.by = by;
        self.place = Some(place);
        self.score = score.map(thousandths);
        self.second = None;
    }
}

/// What was looked for during a step.
#[derive(Debug, Default)]
pub(in crate::run::script) struct Sights(Vec<Looked>);

#[derive(Debug)]
struct Looked {
    sight: Sight,
    frame: Option<Frame>,
    anchor: Option<Arc<[u8]>>,
    lines: Option<Vec<TextLine>>,
}

impl Sights {
    /// Takes what a look came to. It takes the place of an earlier look for the same.
    pub(super) fn take(
        &mut self,
        (target, way, purpose): (&Target, &Way, Purpose),
        frame: Option<Frame>,
        look: &Look,
        measured: Measured,
        took: Duration,
    ) {
        let mut sight = blank(target, way);
        sight.is_absent = purpose == Purpose::Absence;
        sight.duration_ms = took.as_millis() as u64;
        let mut place = measured.place;
        (sight.answer, sight.why) = match look {
            Look::There(seen) => {
                place = place.or(seen.area);
                (Answer::Yes, String::new())
            }
            Look::NotThere(why, _) => (Answer::No, why.clone()),
            Look::Unclear(halt) => (Answer::Unclear, halt.why().to_owned()),
        };
        if !measured.by.is_empty() {
            measured.by.clone_into(&mut sight.by);
        }
        (sight.place, sight.score, sight.second) = (place, measured.score, measured.second);
        let is_same = |one: &Looked| (one.sight.kind, &one.sight.what) == (sight.kind, &sight.what);
        self.0.retain(|one| !is_same(one));
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        let anchor = if let Way::Anchor(image) = way {
            Some(Arc::clone(&image.png))
        } else {
            None
        };
        self.0.push(Looked {
            sight,
            frame,
            anchor,
            lines: measured.lines,
        });
    }

    /// Returns the picture that was looked at last.
    pub(in crate::run::script) fn last_frame(&self) -> Option<&Frame> {
        self.0.last()?.frame.as_ref()
    }

    /// Takes that `frame` was kept in `file`.
    pub(in crate::run::script) fn kept(&mut self, frame: &Frame, file: &str) {
        let is_it = |looked: &&mut Looked| {
            let seen = looked.frame.as_ref();
            looked.sight.picture.is_empty() && seen.is_some_and(|seen| is_same(seen, frame))
        };
        for looked in self.0.iter_mut().filter(is_it) {
            file.clone_into(&mut looked.sight.picture);
        }
    }

    /// Keeps what the looks that can be judged anew need for it, and returns all looks in order.
    pub(in crate::run::script) fn finish(self, record: Record<'_>, name: &str) -> Vec<Sight> {
        let finished = self.0.into_iter().zip(1..).map(|(looked, number)| {
            let mut sight = looked.sight;
            if sight.picture.is_empty() {
                return sight;
            }
            if let Some(png) = &looked.anchor {
                let name = format!("{name}.anchor-{number}");
                sight.anchor = record.file(&name, png).unwrap_or_default();
            }
            if let Some(lines) = &looked.lines {
                let lines: Vec<ReadLine> = lines.iter().map(read_line).collect();
                let text = serde_json::to_vec(&lines).expect("texts and numbers can be written");
                let name = format!("{name}.read-{number}.json");
                sight.read = record.file(&name, &text).unwrap_or_default();
            }
            sight
        });
        finished.collect()
    }
}

/// Whether two frames show the same.
pub(in crate::run::script) fn is_same(one: &Frame, other: &Frame) -> bool {
    (one.width, one.height) == (other.width, other.height)
        && (Arc::ptr_eq(&one.rgba, &other.rgba) || one.rgba == other.rgba)
}

fn blank(target: &Target, way: &Way) -> Sight {
    let (kind, what, by) = match way {
        Way::Window(title) => (SightKind::Window, title.clone(), "window"),
        Way::Anchor(image) => (SightKind::Anchor, image.path.clone(), ""),
        Way::Node(query) => (SightKind::Widget, query.to_string(), "tree"),
        Way::Text(query) => (SightKind::Text, query.text.clone(), "text"),
        Way::Thing(phrase) => (SightKind::Thing, phrase.clone(), "model"),
        Way::Statement(text) => (SightKind::Statement, text.clone(), "model"),
    };
    let (slack, ignores_case) = if let Way::Text(query) = way {
        (query.slack, query.ignores_case)
    } else {
        (0, false)
    };
    Sight {
        kind,
        what,
        is_absent: false,
        answer: Answer::Unclear,
        why: String::new(),
        by: by.into(),
        score: None,
        place: None,
        second: None,
        area: target.area,
        is_exact_only: kind == SightKind::Anchor && !target.allows(Rung::Like),
        slack,
        ignores_case,
        duration_ms: 0,
        picture: String::new(),
        anchor: String::new(),
        read: String::new(),
    }
}

fn read_line(line: &TextLine) -> ReadLine {
    ReadLine {
        text: line.text.clone(),
        rect: line.rect,
        confidence: line.confidence,
    }
}

fn thousandths(score: f64) -> i32 {
    (score * 1000.0).round() as i32
}
