//! The pictures of an attempt, in order, each with the instruction it belongs to.

use super::{
    pictures::{self, Embedded, Embedder},
    sights,
};
use crate::{
    model::EvidenceKind,
    report::{Attempt, EvidenceView, Standing, words},
};
use serde::Serialize;

const CAPTION_LENGTH: usize = 120;

/// A picture on the page.
#[derive(Debug, Serialize)]
pub(super) struct Picture {
    /// Its place on the page.
    pub(super) id: String,
    /// The places of those before and after it.
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
    /// Its `data:` address.
    pub(super) address: Option<String>,
    /// Its width and height, where they are known.
    pub(super) size: Option<(u32, u32)>,
    /// Where something was found on it, or nearly.
    pub(super) frames: Vec<sights::Frame>,
    /// What can be looked for on it again, as JSON.
    pub(super) again: String,
    /// Why it has none.
    pub(super) missing: &'static str,
    /// Where the file lies in the run's folder.
    pub(super) file: String,
    /// The number of its instruction.
    pub(super) number: Option<String>,
    pub(super) caption: String,
    /// The class of how its instruction went.
    pub(super) class: &'static str,
    /// Whether it shows what went wrong, or what it looked like just before.
    pub(super) role: Option<&'static str>,
}

/// The pictures of an attempt.
#[derive(Debug, Default, Serialize)]
pub(super) struct Film {
    /// What it looked like before and when it went wrong.
    pub(super) decisive: Vec<Picture>,
    /// All others.
    pub(super) others: Vec<Picture>,
}

/// Returns the frames that show what went wrong: those of its instruction, or the one before and
/// the one when it did where it has only one.
pub(super) fn decisive(attempt: &Attempt) -> Vec<&EvidenceView> {
    let frames: Vec<&EvidenceView> = frames(attempt).collect();
    let failing = attempt.failing_instruction().map(|one| one.number.as_str());
    let is_failing = |frame: &&EvidenceView| attempt.instruction_of(frame) == failing;
    // Without a picture of the instruction itself, the last ones tell most.
    let last = frames
        .iter()
        .rposition(is_failing)
        .or(frames.len().checked_sub(1));
    match last {
        None => Vec::new(),
        Some(last) => {
            let own = frames[..last]
                .iter()
                .rev()
                .take_while(|one| is_failing(one));
            let first = last.saturating_sub(own.count().max(1));
            frames[first..=last].to_vec()
        }
    }
}

/// Returns the frames of an attempt, in order.
pub(super) fn frames(attempt: &Attempt) -> impl Iterator<Item = &EvidenceView> {
    attempt
        .evidence
        .iter()
        .filter(|one| one.kind == EvidenceKind::Frame)
}

impl Film {
    /// Shows the pictures of `attempt`. `place` is where its step is on the page.
    pub(super) fn of(
        attempt: &Attempt,
        went_wrong: bool,
        place: &str,
        embedder: &mut Embedder<'_>,
    ) -> Self {
        let decisive = if went_wrong {
            decisive(attempt)
        } else {
            Vec::new()
        };
        let id = |index: usize| format!("{place}-{}-picture-{}", attempt.number, index + 1);
        let count = frames(attempt).count();
        let mut film = Self::default();
        for (index, frame) in frames(attempt).enumerate() {
            let mut picture = Picture::of(attempt, frame, id(index), embedder);
            picture.previous = index.checked_sub(1).map(id);
            picture.next = (index + 1 < count).then(|| id(index + 1));
            match decisive.iter().position(|one| std::ptr::eq(*one, frame)) {
                None => film.others.push(picture),
                Some(position) => {
                    let is_last = position + 1 == decisive.len();
                    picture.role = Some(if is_last {
                        "When it went wrong"
                    } else {
                        "Before"
                    });
                    film.decisive.push(picture);
                }
            }
        }
        film
    }

    /// Returns the place of the last picture of an instruction.
    pub(super) fn picture_of(&self, number: &str) -> Option<String> {
        let all = self.others.iter().chain(&self.decisive);
        let mut of_it =
            all.filter(|one| one.number.as_deref() == Some(number) && one.address.is_some());
        of_it.next_back().map(|one| one.id.clone())
    }
}

impl Picture {
    fn of(
        attempt: &Attempt,
        frame: &EvidenceView,
        id: String,
        embedder: &mut Embedder<'_>,
    ) -> Self {
        let number = attempt.instruction_of(frame);
        let one = number.and_then(|number| {
            attempt
                .instructions
                .iter()
                .find(|instruction| instruction.number == number)
        });
        let label = words::one_line(&frame.label, CAPTION_LENGTH);
        let instruction = one.map(|one| words::one_line(&one.label, CAPTION_LENGTH));
        // Pictures are mostly labelled like their instruction.
        let caption = match instruction {
            Some(instruction) if label.is_empty() || label == instruction => instruction,
            Some(instruction) => format!("{instruction}: {label}"),
            None => label,
        };
        let (address, missing) = match embedder.picture(&frame.file) {
            Embedded::Picture(address) => (Some(address), ""),
            Embedded::Text(_) => (None, "the file is not a picture"),
            Embedded::Nothing(why) => (None, why),
        };
        let size = address.as_deref().and_then(pictures::size);
        let seen = match &address {
            Some(_) => sights::on(attempt, &frame.file),
            None => Vec::new(),
        };
        Self {
            id,
            size,
            frames: sights::frames(&seen),
            again: embedder.again(&seen),
            previous: None,
            next: None,
            address,
            missing,
            file: words::clean(&frame.file),
            number: number.map(str::to_owned),
            caption,
            class: one.map_or("", |one| {
                super::section::class(Standing::Finished(one.verdict))
            }),
            role: None,
        }
    }
}
