//! Looking for a text in the picture.

use super::{Look, Purpose, Sighting, pixels, sights::Measured, vision};
use crate::{
    judge::{self, FoundText, LetterCase, Nearness, TextSearch, Tolerance, WantedText},
    model::Frame,
    port::ReaderError,
    run::script::{Halt, stage::Stage},
    scenario::{Target, TextQuery},
};

/// Reads the picture and looks for the text.
pub(super) async fn look(
    stage: &mut Stage<'_>,
    frame: &Frame,
    (target, query, purpose): (&Target, &TextQuery, Purpose),
    measured: &mut Measured,
) -> Result<Look, Halt> {
    if let Some(look) = pixels::blank(frame) {
        return Ok(look);
    }
    // What a text looks like tells where to click, not what it says.
    if purpose == Purpose::Click
        && let Some(seen) = vision::by_memory(stage, frame, (target, &query.text), measured)
    {
        return Ok(Look::There(seen));
    }
    let reader = stage.reader().ok_or_else(|| ReaderError::Missing {
        why: "no reader was set up".into(),
    })?;
    let reading = reader.read(frame, target.area).await?;
    let search = judge::find_text(&reading.lines, &wanted(query));
    let found: Vec<&FoundText> = search.found.iter().chain(&search.nearest).collect();
    measured.read(reading.lines, &found);
    Ok(judged(&search, query, frame, purpose, &reading.engine))
}

fn wanted(query: &TextQuery) -> WantedText {
    WantedText {
        case: if query.ignores_case {
            LetterCase::Ignored
        } else {
            LetterCase::Matters
        },
        tolerance: match query.slack {
            0 => Tolerance::Alike,
            letters => Tolerance::Letters(letters),
        },
        ..WantedText::new(&query.text)
    }
}

/// Says what a search comes to.
fn judged(
    search: &TextSearch,
    query: &TextQuery,
    frame: &Frame,
    purpose: Purpose,
    engine: &str,
) -> Look {
    let Some(best) = search.found.first() else {
        return missing(search.nearest.as_ref(), query, frame, purpose);
    };
    let rank = |found: &FoundText| (found.nearness, !found.is_whole);
    let twins: Vec<&FoundText> = search
        .found
        .iter()
        .filter(|found| rank(found) == rank(best))
        .collect();
    if purpose == Purpose::Click && twins.len() > 1 {
        let places: Vec<String> = twins.iter().map(ToString::to_string).collect();
        let why = format!(
            "`{}` is there {} times, and it is not said which is meant: {}",
            query.text,
            twins.len(),
            places.join(", ")
        );
        return Look::Unclear(Halt::blocked(why));
    }
    let nearness = match best.nearness {
        Nearness::Exact => String::new(),
        near @ (Nearness::Alike | Nearness::Off(_)) => format!(", `{}`, {near}", best.read),
    };
    Look::There(Sighting {
        rung: format!("text {:.2} by {engine}{nearness}", best.confidence),
        point: Some(best.rect().center()),
        area: Some(best.rect()),
        frame: Some(frame.clone()),
        way: None,
    })
}

fn missing(
    nearest: Option<&FoundText>,
    query: &TextQuery,
    frame: &Frame,
    purpose: Purpose,
) -> Look {
    let text = &query.text;
    let Some(nearest) = nearest else {
        return Look::NotThere(
            format!("`{text}` is not read anywhere"),
            Some(frame.clone()),
        );
    };
    let why = format!("`{text}` is not read anywhere; nearest is {nearest}");
    if purpose == Purpose::Absence && nearest.may_be(text) {
        let why = format!("`{text}` may be there, misread: {nearest}");
        return Look::Unclear(Halt::blocked(why));
    }
    Look::NotThere(why, Some(frame.clone()))
}
