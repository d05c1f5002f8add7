//! Where something is: first on the whole picture, then, when it is small, on an enlarged part
//! around the place that was told. Both have to agree; a model that points always points somewhere.

use super::{
    asker::{Question, Trail},
    cache::Kept,
    memory::Topic,
    picture::{Place, Shown},
    prompt::{self, Cut},
    roles::Pointer,
    told::{self, Told},
    vision::{Inner, unusable},
};
use crate::{
    model::{Answer, Asked, Located, Rect, Spot},
    port::VisionError,
};

/// How often a question is asked whose answer cannot be read.
const TRIES: u32 = 3;

/// How much a model may write.
const MAX_TOKENS: u32 = 256;

/// How much of each side an enlarged part shows, and how many pixels at least.
const PART: (f64, f64) = (0.4, 256.0);

/// How much of a picture's shorter side a thing spans that is large enough at first sight.
const LARGE: f64 = 0.1;

/// How far apart two looks at one thing may be: this much of the longer side, or so many pixels.
const APART: (f64, f64) = (0.02, 16.0);

/// What one look came to.
enum Look {
    At(Place),
    Absent,
    Unclear(String),
}

impl Inner {
    pub(super) async fn locate(
        &self,
        shown: &Shown,
        sample: u32,
        phrase: &str,
    ) -> Result<Located, VisionError> {
        let pointer = self.pointer.as_ref().map_err(unusable)?;
        let phrase = self.asker.secrets.mask(phrase);
        let mut models = vec![pointer.model.as_str()];
        if pointer.only_points {
            models.push(&self.judge.as_ref().map_err(unusable)?.model);
        }
        let parameters = format!("{pointer:?} zoom {}", self.has_zoom);
        let topic = Topic {
            kind: "locate",
            shown,
            text: &phrase,
            sample,
            models: &models,
            parameters: &parameters,
        };
        if let Some((kept, asked)) = self.memory.recall(topic, &self.asker.log)
            && let Some(spot) = spot_of(shown, &kept)
        {
            return Ok(Located { spot, asked });
        }
        let mut trail = Trail::of(&pointer.model);
        let look = self.look_for(pointer, shown, sample, &phrase, &mut trail);
        let kept = match look.await? {
            Look::At(Place { x, y, edges }) => Kept::At { x, y, edges },
            Look::Absent => Kept::Absent,
            Look::Unclear(why) => return Ok(unclear(why, trail.asked())),
        };
        self.memory.keep(topic, kept.clone(), &trail);
        let spot = spot_of(shown, &kept).expect("places are told of places");
        let asked = trail.asked();
        Ok(Located { spot, asked })
    }

    async fn look_for(
        &self,
        pointer: &Pointer,
        shown: &Shown,
        sample: u32,
        phrase: &str,
        trail: &mut Trail,
    ) -> Result<Look, VisionError> {
        if pointer.only_points {
            // Such a model points at anything, so somebody else says first that there is something.
            let statement = prompt::presence(phrase);
            let judged = Box::pin(self.judge(shown, sample, &statement)).await?;
            trail.latency += judged.asked.latency;
            trail.raws.push(judged.asked.raw);
            match judged.answer {
                Answer::Yes => {}
                Answer::No => return Ok(Look::Absent),
                Answer::Unclear => {
                    let why = format!("it is unclear whether it is there: {}", judged.why);
                    return Ok(Look::Unclear(why));
                }
            }
        }
        let size = pointer.sizes.next_to(shown.width(), shown.height());
        let asked = Asking {
            pointer,
            sample,
            phrase,
        };
        let first = self.look(asked, shown, size, Cut::Whole, trail).await?;
        let Look::At(first) = first else {
            return Ok(first);
        };
        match part_around(shown, first).filter(|_| self.has_zoom) {
            Some(part) => self.look_closer(asked, shown, first, part, trail).await,
            None => Ok(Look::At(first)),
        }
    }

    /// Looks at an enlarged part, and believes only what both looks say.
    async fn look_closer(
        &self,
        asked: Asking<'_>,
        shown: &Shown,
        first: Place,
        part: Rect,
        trail: &mut Trail,
    ) -> Result<Look, VisionError> {
        let closer = shown.part(part);
        let sizes = asked.pointer.sizes;
        let whole = sizes.next_to(shown.width(), shown.height());
        let room = f64::from(whole.0) * f64::from(whole.1);
        let own = f64::from(closer.width()) * f64::from(closer.height());
        let scale = (room / own).sqrt().clamp(1.0, 3.0);
        let larger = |side: u32| (f64::from(side) * scale).round() as u32;
        let size = sizes.next_to(larger(closer.width()), larger(closer.height()));
        let second = self.look(asked, &closer, size, Cut::Closer, trail).await?;
        let told = |place: Place| format!("{:.0},{:.0}", place.x, place.y);
        Ok(match second {
            Look::At(second) => {
                let second = second.moved(f64::from(part.x), f64::from(part.y));
                if agree(shown, first, second) {
                    Look::At(Place {
                        edges: whole_edges(second, part).or(first.edges),
                        ..second
                    })
                } else {
                    Look::Unclear(format!(
                        "it was said to be at {} and, looked at closer, at {}",
                        told(first),
                        told(second)
                    ))
                }
            }
            Look::Absent => Look::Unclear(format!(
                "it was said to be at {}, and is not there when looked at closer",
                told(first)
            )),
            Look::Unclear(why) => Look::Unclear(why),
        })
    }

    /// Asks until an answer can be read.
    async fn look(
        &self,
        asked: Asking<'_>,
        shown: &Shown,
        size: (u32, u32),
        cut: Cut,
        trail: &mut Trail,
    ) -> Result<Look, VisionError> {
        let pointer = asked.pointer;
        let sent = shown.sent(size);
        let first = prompt::locate(asked.phrase, cut, pointer.coordinates, pointer.shape, size);
        let (mut prompt, mut why) = (first.clone(), String::new());
        for _ in 0..TRIES {
            let question = Question {
                kind: match cut {
                    Cut::Whole => "locate",
                    Cut::Closer => "closer",
                },
                model: &pointer.model,
                prompt: &prompt,
                shown,
                sent: &sent,
                sample: asked.sample,
                max_tokens: MAX_TOKENS,
            };
            let said = self.asker.ask(question, trail).await?;
            match told::read(&said.text, pointer.coordinates, size) {
                Told::At(parts) => {
                    let place = Place::of_parts(&parts, shown.width(), shown.height());
                    return Ok(Look::At(place.expect("it was read as a place")));
                }
                Told::Absent => return Ok(Look::Absent),
                Told::Unreadable(told) => {
                    prompt = prompt::again(&first, &told);
                    why = format!(
                        "the model told no place: {}",
                        self.asker.secrets.mask(&told)
                    );
                }
            }
        }
        Ok(Look::Unclear(why))
    }
}

/// What is looked for, and how.
#[derive(Clone, Copy)]
struct Asking<'a> {
    pointer: &'a Pointer,
    sample: u32,
    phrase: &'a str,
}

/// Returns the part to look at closer; nothing when the thing is large, or the part no smaller.
fn part_around(shown: &Shown, place: Place) -> Option<Rect> {
    let (width, height) = (f64::from(shown.width()), f64::from(shown.height()));
    let is_large = place.edges.is_some_and(|[left, top, right, bottom]| {
        (right - left).min(bottom - top) >= LARGE * width.min(height)
    });
    let side = |whole: f64| (whole * PART.0).max(PART.1).min(whole).round();
    let (wide, high) = (side(width), side(height));
    if is_large || wide * high > 0.7 * width * height {
        return None;
    }
    let start = |at: f64, part: f64, whole: f64| (at - part / 2.0).round().clamp(0.0, whole - part);
    Some(Rect {
        x: start(place.x, wide, width) as i32,
        y: start(place.y, high, height) as i32,
        width: wide as i32,
        height: high as i32,
    })
}

/// Whether two looks found the same thing.
fn agree(shown: &Shown, first: Place, second: Place) -> bool {
    let longer = f64::from(shown.width().max(shown.height()));
    let most = (longer * APART.0).max(APART.1);
    (first.x - second.x).hypot(first.y - second.y) <= most
}

/// Returns the edges of a place, unless the part that it was seen in cuts it off.
fn whole_edges(place: Place, part: Rect) -> Option<[f64; 4]> {
    let edges = place.edges?;
    let (x, y) = (f64::from(part.x), f64::from(part.y));
    let (right, bottom) = (x + f64::from(part.width), y + f64::from(part.height));
    let is_inside = edges[0] > x + 1.0
        && edges[1] > y + 1.0
        && edges[2] < right - 1.0
        && edges[3] < bottom - 1.0;
    is_inside.then_some(edges)
}

fn spot_of(shown: &Shown, kept: &Kept) -> Option<Spot> {
    match *kept {
        Kept::At { x, y, edges } => {
            let (point, area) = shown.on_frame(Place { x, y, edges });
            Some(Spot::At { point, area })
        }
        Kept::Absent => Some(Spot::Absent),
        Kept::Judged { .. } => None,
    }
}

/// Returns that nothing can be told.
pub(super) fn unclear(why: String, asked: Asked) -> Located {
    let spot = Spot::Unclear(why);
    Located { spot, asked }
}
