//! Judges a stored picture anew: by the same code as a run, with other bounds or another model.
//! Writes nothing, and does not wait.

use crate::{
    driver::ocr::TextReaders,
    judge::{
        self, Anchor, Bounds, LetterCase, Likeness, Match, Picture, Prepared, Tolerance, Unlike,
        WantedText,
    },
    model::{
        Answer, Files as _, Frame, FrameCause, FrameSeq, Point, Sight, SightKind, Spot, Timestamp,
    },
    port::{Readers as _, View, Vision},
};
use std::{path::Path, sync::Arc};

/// What pictures are judged with.
pub(super) struct Judge<'a> {
    /// The folder of the run.
    pub(super) dir: &'a Path,
    /// What counts as alike, when it was said.
    pub(super) threshold: Option<f64>,
    pub(super) readers: TextReaders,
    /// The model, or why none can be asked.
    pub(super) vision: Result<Box<dyn Vision>, String>,
}

/// What judging came to: the answer, and what it rests on.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) answer: Answer,
    pub(super) why: String,
}

impl Judgement {
    fn of(answer: Answer, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { answer, why }
    }
}

impl Judge<'_> {
    /// Looks for the same again on the same picture. An error says why nobody could look.
    pub(super) async fn again(&self, sight: &Sight) -> Result<Judgement, String> {
        let frame = self.frame(&sight.picture)?;
        if judge::is_blank(&frame) {
            return Ok(Judgement::of(Answer::Unclear, "the picture is blank"));
        }
        match sight.kind {
            SightKind::Anchor => self.anchor(sight, &frame),
            SightKind::Text => self.text(sight, &frame).await,
            SightKind::Thing => self.thing(sight, &frame).await,
            SightKind::Statement => {
                let view = View {
                    area: sight.area,
                    ..View::of(&frame)
                };
                self.statement(&view, &sight.what).await
            }
            SightKind::Widget | SightKind::Window => Err("it is not seen in a picture".into()),
        }
    }

    /// Asks whether a statement is true of the picture in `file`.
    pub(super) async fn verify(&self, file: &str, statement: &str) -> Result<Judgement, String> {
        let frame = self.frame(file)?;
        if judge::is_blank(&frame) {
            return Ok(Judgement::of(Answer::Unclear, "the picture is blank"));
        }
        self.statement(&View::of(&frame), statement).await
    }

    fn read(&self, file: &str) -> Result<Vec<u8>, String> {
        let path = self.dir.join(file);
        let read = crate::driver::disk::DiskFiles.read(&path);
        read.map_err(|err| format!("`{}` cannot be read: {err}", path.display()))
    }

    fn frame(&self, file: &str) -> Result<Frame, String> {
        let picture = Picture::from_png(&self.read(file)?);
        let picture = picture.map_err(|err| format!("`{file}`: {err}"))?;
        Ok(Frame {
            seq: FrameSeq(0),
            at: Timestamp(0),
            cause: FrameCause::Connected,
            width: picture.width(),
            height: picture.height(),
            rgba: Arc::new(picture.rgba().to_vec()),
            damage: Vec::new(),
        })
    }

    fn anchor(&self, sight: &Sight, frame: &Frame) -> Result<Judgement, String> {
        if sight.anchor.is_empty() {
            return Err("the anchor's picture was not kept".into());
        }
        let refused = |err: judge::AnchorError| format!("`{}`: {err}", sight.what);
        let anchor = Anchor::from_png(&self.read(&sight.anchor)?).map_err(refused)?;
        let exact = judge::find_exact(frame, &anchor, sight.area).map_err(refused)?;
        let missing = match exact {
            Match::Found(found) => {
                let several = match found.others {
                    0 => String::new(),
                    others => format!(", and at {others} other places"),
                };
                let why = format!("exact 1.000 at {}{several}", found.place);
                return Ok(Judgement::of(Answer::Yes, why));
            }
            Match::Missing { near: Some(near) } => format!(
                "at {} are {} of its {} pixels",
                near.place, near.equal, near.pixels
            ),
            Match::Missing { near: None } => "no pixels are the same".into(),
        };
        if sight.is_exact_only && self.threshold.is_none() {
            return Ok(Judgement::of(Answer::No, missing));
        }
        let like = self.like(sight, frame, &anchor);
        Ok(Judgement::of(
            like.answer,
            format!("{missing}; {}", like.why),
        ))
    }

    fn like(&self, sight: &Sight, frame: &Frame, anchor: &Anchor) -> Judgement {
        let part = match sight.area {
            None => Some(frame.clone()),
            Some(area) => judge::cut(frame, area),
        };
        let Some(part) = part else {
            return Judgement::of(Answer::No, "the area is outside the picture");
        };
        let corner = sight.area.map_or(Point::default(), |area| Point {
            x: area.x.max(0),
            y: area.y.max(0),
        });
        let mut bounds = Bounds::default();
        if let Some(threshold) = self.threshold {
            bounds.score = threshold;
            bounds.similar = bounds.similar.min(threshold);
        }
        let said = |alike: &judge::Alike| {
            let (x, y) = (alike.place.x + corner.x, alike.place.y + corner.y);
            let second = alike.second.as_ref();
            let second = second.map_or(String::new(), |part| format!(", second {:.3}", part.value));
            format!("like {:.3}{second} at {x},{y}", alike.score)
        };
        let prepared = &mut Prepared::default();
        match judge::find_like(&part, anchor, None, &bounds, prepared) {
            Ok(Likeness::Found(alike)) => Judgement::of(Answer::Yes, said(&alike)),
            Ok(Likeness::Refused { best, reasons }) => {
                let reasons_said: Vec<String> = reasons.iter().map(ToString::to_string).collect();
                let why = format!("{}, but {}", said(&best), reasons_said.join(", "));
                let is_there = reasons
                    .iter()
                    .all(|reason| matches!(reason, Unlike::Ambiguous(_)));
                // What is like it and not the same neither is it nor lets one say that it is gone.
                Judgement::of(
                    match (is_there, sight.is_absent) {
                        (true, false) => Answer::Yes,
                        (_, true) => Answer::Unclear,
                        (false, false) => Answer::No,
                    },
                    why,
                )
            }
            Ok(Likeness::Nothing { best: Some(best) }) => Judgement::of(
                Answer::No,
                format!("nothing is like it, the best has {:.3}", best.value),
            ),
            Ok(Likeness::Nothing { best: None }) => Judgement::of(Answer::No, "nothing is like it"),
            Err(err) => Judgement::of(Answer::No, err.to_string()),
        }
    }

    async fn text(&self, sight: &Sight, frame: &Frame) -> Result<Judgement, String> {
        let reading = self.readers.open().read(frame, sight.area).await;
        let reading = reading.map_err(|err| err.to_string())?;
        let wanted = WantedText {
            case: if sight.ignores_case {
                LetterCase::Ignored
            } else {
                LetterCase::Matters
            },
            tolerance: match sight.slack {
                0 => Tolerance::Alike,
                letters => Tolerance::Letters(letters),
            },
            ..WantedText::new(&sight.what)
        };
        let search = judge::find_text(&reading.lines, &wanted);
        Ok(match (search.found.first(), &search.nearest) {
            (Some(found), _) => Judgement::of(Answer::Yes, found.to_string()),
            (None, Some(nearest)) if sight.is_absent && nearest.may_be(&sight.what) => {
                Judgement::of(Answer::Unclear, format!("it may be misread: {nearest}"))
            }
            (None, Some(nearest)) => Judgement::of(Answer::No, format!("nearest is {nearest}")),
            (None, None) => Judgement::of(Answer::No, "nothing like it is read"),
        })
    }

    async fn thing(&self, sight: &Sight, frame: &Frame) -> Result<Judgement, String> {
        let view = View {
            area: sight.area,
            ..View::of(frame)
        };
        let vision = self.vision.as_ref().map_err(Clone::clone)?;
        let located = vision.locate(&view, &sight.what).await;
        let located = located.map_err(|err| err.to_string())?;
        let model = located.asked.model;
        Ok(match located.spot {
            Spot::At { point, .. } => {
                let why = format!("`{model}` sees it at {},{}", point.x, point.y);
                Judgement::of(Answer::Yes, why)
            }
            Spot::Absent => Judgement::of(Answer::No, format!("`{model}` does not see it")),
            Spot::Unclear(why) => Judgement::of(Answer::Unclear, format!("`{model}`: {why}")),
        })
    }

    async fn statement(&self, view: &View<'_>, statement: &str) -> Result<Judgement, String> {
        let vision = self.vision.as_ref().map_err(Clone::clone)?;
        let judged = vision.judge(view, statement).await;
        let judged = judged.map_err(|err| err.to_string())?;
        let why = format!("`{}`: {}", judged.asked.model, judged.why);
        Ok(Judgement::of(judged.answer, why))
    }
}
