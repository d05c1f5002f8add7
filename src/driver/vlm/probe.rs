//! The calibration probe: a picture with marks that are known is shown to the model, to learn in
//! which numbers it tells places, and whether it tells yes from no. Nothing of it is remembered.

use super::{
    asker::{Question, Trail},
    fit::{self, Fit, FitUnit},
    picture::{Sent, Shown},
    prompt::{self, Cut},
    roles::Pointer,
    told::{self, Numbers},
    vision::{Inner, Vlm, VlmConfig, unusable},
};
use crate::{
    model::{
        Answer, AxisOrder, Coordinates, Frame, FrameCause, FrameSeq, Rect, Shape, Timestamp, Unit,
    },
    port::{Check, Health, View, VisionError},
};
use std::sync::Arc;

/// The picture's size: that of most screens, and far from a thousand.
const SIZE: (u32, u32) = (1920, 1080);

/// What is on it: a colour in words, the colour, and where.
const MARKS: [(&str, [u8; 3], Rect); 5] = [
    ("red", [215, 25, 30], mark(180, 96, 110, 70)),
    ("green", [20, 150, 60], mark(1560, 150, 80, 80)),
    ("blue", [25, 60, 200], mark(840, 420, 150, 90)),
    ("yellow", [245, 205, 20], mark(300, 850, 70, 100)),
    ("black", [10, 10, 10], mark(1420, 800, 120, 60)),
];

/// A part of it that has the first mark and no other.
pub(super) const CORNER: Rect = mark(0, 0, 480, 320);

/// A colour that is not on it.
const MISSING: &str = "purple";

/// How many marks have to be told of before anything is concluded.
const ENOUGH: usize = 4;

/// How much a model may write.
const MAX_TOKENS: u32 = 256;

/// What came of the probe.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeReport {
    /// The model that tells places.
    pub model: String,
    /// The size that the picture was sent in.
    pub sent: (u32, u32),
    /// What was looked at, and whether it is as it should be.
    pub checks: Vec<Check>,
    /// Every convention, for points and boxes as they were asked for, the best first.
    pub fits: Vec<Fit>,
}

impl ProbeReport {
    /// Whether the model can be used as it is set up.
    pub fn is_good(&self) -> bool {
        let mut checks = self.checks.iter();
        checks.all(|check| !matches!(check.health, Health::Bad))
    }
}

const fn mark(x: i32, y: i32, width: i32, height: i32) -> Rect {
    Rect {
        x,
        y,
        width,
        height,
    }
}

/// Shows the picture to the model that `config` names.
pub async fn probe(config: VlmConfig) -> Result<ProbeReport, VisionError> {
    let mut config = config;
    // Another answer is wanted each time, whatever a run may spend.
    (config.settings.cache, config.settings.budget) = (false, u32::MAX);
    let settings = config.settings.clone();
    let pointer = Pointer::or_usual(&settings).map_err(unusable)?;
    let vlm = Vlm::new(config);
    let inner = vlm.inner()?;
    let frame = picture();
    let shown = Shown::of(&View::of(&frame)).expect("the picture is not empty");
    let sent = &shown.sent(pointer.sizes.next_to(SIZE.0, SIZE.1));
    let showing = Showing {
        inner,
        pointer: &pointer,
        shown: &shown,
        sent,
    };
    let mut checks = served(inner, &pointer).await;
    let mut fits = Vec::new();
    let other = match pointer.shape {
        Shape::Point => Shape::Box,
        Shape::Box => Shape::Point,
    };
    let mut told_of = Vec::new();
    for shape in [pointer.shape, other] {
        let (found, count) = showing.fit(shape).await?;
        let is_done = found.first().is_some_and(Fit::is_good);
        fits.extend(found);
        told_of.push(count);
        if is_done {
            break;
        }
    }
    fits.sort_by(|one, other| one.mean.total_cmp(&other.mean));
    let is_said = Pointer::of(&settings).is_ok();
    checks.push(places(&pointer, is_said, &fits, &told_of));
    checks.push(showing.absence().await?);
    checks.extend(statements(inner, &shown).await?);
    let sent = (sent.width, sent.height);
    Ok(ProbeReport {
        model: pointer.model,
        sent,
        checks,
        fits,
    })
}

/// A statement about the picture that is true.
pub(super) fn true_statement() -> String {
    format!("a {} rectangle is visible", MARKS[0].0)
}

/// A statement about the picture that is false.
pub(super) fn false_statement() -> String {
    format!("a {MISSING} rectangle is visible")
}

/// A picture with marks that are known.
pub(super) fn picture() -> Frame {
    let (width, height) = SIZE;
    let mut rgba = [238, 240, 243, 255].repeat((width * height) as usize);
    for (_, colour, rect) in MARKS {
        for y in rect.y..rect.y + rect.height {
            for x in rect.x..rect.x + rect.width {
                let at = (y as usize * width as usize + x as usize) * 4;
                rgba[at..at + 3].copy_from_slice(&colour);
            }
        }
    }
    Frame {
        seq: FrameSeq(0),
        at: Timestamp(0),
        cause: FrameCause::Connected,
        width,
        height,
        rgba: Arc::new(rgba),
        damage: Vec::new(),
    }
}

/// Says what each endpoint serves.
async fn served(inner: &Inner, pointer: &Pointer) -> Vec<Check> {
    let census = inner.asker.endpoints.census().await;
    let each = census.into_iter().map(|(endpoint, served)| match served {
        Ok(models) if models.contains(&pointer.model) => {
            Check::good(endpoint, format!("serves `{}`", pointer.model))
        }
        Ok(models) => {
            let models = models.join(", ");
            Check::doubtful(endpoint, format!("says that it serves {models}"))
        }
        Err(why) => Check::doubtful(endpoint, format!("does not say what it serves: {why}")),
    });
    each.collect()
}

/// The picture, and who looks at it.
struct Showing<'a> {
    inner: &'a Inner,
    pointer: &'a Pointer,
    shown: &'a Shown,
    sent: &'a Sent,
}

impl Showing<'_> {
    /// Asks where every mark is, and compares with each convention. Returns how many were told.
    async fn fit(&self, shape: Shape) -> Result<(Vec<Fit>, usize), VisionError> {
        let size = (self.sent.width, self.sent.height);
        let stretch = (
            f64::from(size.0) / f64::from(SIZE.0),
            f64::from(size.1) / f64::from(SIZE.1),
        );
        let mut told = Vec::new();
        for (name, _, rect) in MARKS {
            let Ok(Some(numbers)) = self.point_at(shape, name).await? else {
                continue;
            };
            let x = f64::from(rect.x) + f64::from(rect.width) / 2.0;
            let y = f64::from(rect.y) + f64::from(rect.height) / 2.0;
            let middle = (x * stretch.0, y * stretch.1);
            told.push(fit::Told { middle, numbers });
        }
        // A model may answer with a box where a point was asked for.
        let is_box = |it: &fit::Told| it.numbers.values.len() == 4;
        let boxes = told.iter().filter(|it| is_box(it)).count();
        let shape = if boxes * 2 > told.len() {
            Shape::Box
        } else {
            Shape::Point
        };
        told.retain(|it| is_box(it) == (shape == Shape::Box));
        let count = told.len();
        let is_enough = count >= ENOUGH;
        let fits = if is_enough {
            fit::all(&told, shape, size)
        } else {
            Vec::new()
        };
        Ok((fits, count))
    }

    async fn point_at(
        &self,
        shape: Shape,
        colour: &str,
    ) -> Result<Result<Option<Numbers>, String>, VisionError> {
        let phrase = format!("the {colour} rectangle");
        let size = (self.sent.width, self.sent.height);
        let coordinates = self.pointer.coordinates;
        let question = Question {
            kind: "probe",
            model: &self.pointer.model,
            prompt: &prompt::locate(&phrase, Cut::Whole, coordinates, shape, size),
            shown: self.shown,
            sent: self.sent,
            sample: 0,
            max_tokens: MAX_TOKENS,
        };
        let mut trail = Trail::of(&self.pointer.model);
        let said = self.inner.asker.ask(question, &mut trail).await?;
        Ok(told::numbers(&said.text))
    }

    /// Says whether the model can tell that something is not there.
    async fn absence(&self) -> Result<Check, VisionError> {
        let what = "what is not there";
        if self.pointer.only_points {
            let detail = "the model only points; the one that judges is asked first";
            return Ok(Check::good(what, detail));
        }
        let told = self.point_at(self.pointer.shape, MISSING).await?;
        Ok(match told {
            Ok(None) => Check::good(what, "is said not to be there"),
            Ok(Some(numbers)) => {
                let told = format!("is said to be at {:?}", numbers.values);
                Check::doubtful(what, told)
            }
            Err(why) => Check::doubtful(what, why),
        })
    }
}

/// Says whether places are told as `[vlm]` says.
fn places(pointer: &Pointer, is_said: bool, fits: &[Fit], told_of: &[usize]) -> Check {
    let what = "places";
    let best = fits.iter().find(|fit| fit.is_good());
    let Some(best) = best else {
        let why = match fits.first() {
            Some(near) => format!(
                "no convention fits what it tells; {} is nearest, and off by {:.1} % of the \
                 picture",
                words(near),
                near.mean * 100.0
            ),
            None => format!("it told places of {told_of:?} marks out of {}", MARKS.len()),
        };
        return Check::bad(what, why);
    };
    let own = fits.iter().find(|fit| {
        fit.is_good()
            && fit.unit == FitUnit::Known(pointer.coordinates.unit)
            && fit.order == pointer.coordinates.order
            && fit.shape == pointer.shape
    });
    let off = |fit: &Fit| {
        format!(
            "off by {:.1} %, at most {:.1} %, of the picture",
            fit.mean * 100.0,
            fit.most * 100.0
        )
    };
    if let Some(own) = own.filter(|_| is_said) {
        let detail = format!("told in {}, as expected; {}", words(own), off(own));
        return Check::good(what, detail);
    }
    let mut expected = "and `[vlm]` does not say so".to_owned();
    if is_said {
        let name = pointer.coordinates.as_str();
        expected = format!("and {name} ({}) are expected", pointer.shape.as_str());
    }
    let (told, remedy, off) = (words(best), remedy(best), off(best));
    let detail = format!("told in {told}, {expected}: write {remedy}; {off}");
    Check::bad(what, detail)
}

fn words(fit: &Fit) -> String {
    let order = match fit.order {
        AxisOrder::Xy => "",
        AxisOrder::Yx => ", y first",
    };
    format!("{}{order} ({})", fit.unit, fit.shape.as_str())
}

/// Returns what a plan file has to say for places to be read like that.
fn remedy(fit: &Fit) -> String {
    let name = |unit| {
        let order = fit.order;
        Coordinates { unit, order }.as_str()
    };
    let shape = fit.shape.as_str();
    match fit.unit {
        FitUnit::Known(unit) => {
            format!(
                "`coordinates = \"{}\"` and `answers = \"{shape}\"`",
                name(unit)
            )
        }
        FitUnit::Resized { width, height } => format!(
            "`coordinates = \"{}\"`, `answers = \"{shape}\"` and `max_pixels = {}`",
            name(Unit::Pixels),
            u64::from(width) * u64::from(height)
        ),
    }
}

/// Says whether the model tells yes from no, and both from what cannot be told.
async fn statements(inner: &Inner, shown: &Shown) -> Result<Vec<Check>, VisionError> {
    if let Err(why) = &inner.judge {
        return Ok(vec![Check::bad("statements", why.clone())]);
    }
    let statements = [
        ("a right statement", true_statement(), Answer::Yes),
        ("a wrong statement", false_statement(), Answer::No),
        (
            "an impossible one",
            "this computer has been switched on for more than a week".into(),
            Answer::Unclear,
        ),
    ];
    let mut checks = Vec::new();
    for (what, statement, expected) in statements {
        let judged = inner.judge(shown, 0, &statement).await?;
        let (answer, why) = (judged.answer, judged.why);
        let detail = format!("`{statement}`: {} ({why})", answer.as_str());
        checks.push(match (expected, answer) {
            (_, answer) if answer == expected => Check::good(what, detail),
            // Nobody can see it, so who says no has not understood, and who says yes makes it up.
            (Answer::Unclear, Answer::No) => Check::doubtful(what, detail),
            _ => Check::bad(what, detail),
        });
    }
    Ok(checks)
}
