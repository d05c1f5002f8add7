//! Reads the characters of one line.

use super::{
    network::{Network, NetworkError},
    raster,
};
use crate::model::{Frame, Rect};

/// The height that the model takes, in pixels.
const HEIGHT: usize = 48;

/// Its width has to be a multiple of this.
const STEP: usize = 8;

/// What the model knows besides the dictionary: nothing at all, first; a blank, last.
const BESIDES: usize = 2;

/// A character that was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Glyph {
    /// What it is; some have several code points.
    pub(super) text: String,
    /// Its middle, in pixels from the left edge of what was read.
    pub(super) at: f32,
    /// How sure that is, 0 to 1.
    pub(super) confidence: f32,
}

/// Reads the line in `area`. `dictionary` has all characters, in the model's order.
pub(super) fn glyphs(
    recogniser: &Network,
    dictionary: &[String],
    frame: &Frame,
    area: Rect,
) -> Result<Vec<Glyph>, NetworkError> {
    let scale = HEIGHT as f32 / area.height as f32;
    let width = ((area.width as f32 * scale).round() as usize).max(STEP);
    let padded = width.div_ceil(STEP) * STEP;
    let planes = raster::scaled(frame, area, (width, HEIGHT), padded);
    let (values, classes) = recogniser.run(&planes)?;
    if classes != dictionary.len() + BESIDES {
        let known = dictionary.len() + BESIDES;
        let why = format!("it knows {classes} characters, and its dictionary has {known}");
        return Err(NetworkError::Run(why));
    }
    let steps = values.len() / classes;
    let per_step = padded as f32 / steps as f32 / scale;
    let best: Vec<(usize, f32)> = values.chunks_exact(classes).map(best).collect();
    Ok(decode(&best, dictionary, per_step))
}

/// Returns the likeliest class of one step, and how likely it is.
fn best(values: &[f32]) -> (usize, f32) {
    let most = values.iter().copied().fold(f32::MIN, f32::max);
    let class = values.iter().position(|value| *value >= most);
    (class.unwrap_or_default(), most)
}

/// Joins steps of the same class, and leaves those of nothing out, which also part equal characters.
fn decode(best: &[(usize, f32)], dictionary: &[String], per_step: f32) -> Vec<Glyph> {
    let mut glyphs = Vec::new();
    let mut start = 0;
    for run in best.chunk_by(|one, other| one.0 == other.0) {
        let middle = start as f32 + run.len() as f32 / 2.0;
        start += run.len();
        let class = run[0].0;
        if class == 0 {
            continue;
        }
        glyphs.push(Glyph {
            text: dictionary.get(class - 1).map_or(" ", String::as_str).into(),
            at: middle * per_step,
            confidence: run.iter().map(|step| step.1).fold(0.0, f32::max),
        });
    }
    glyphs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_steps_are_one_character_unless_nothing_lies_between() {
        let dictionary = ["a", "b"].map(str::to_owned);
        let steps = [0, 1, 1, 0, 1, 3, 2].map(|class| (class, 0.5 + class as f32 / 10.0));
        let read = decode(&steps, &dictionary, 2.0);
        let text: String = read.iter().map(|glyph| glyph.text.as_str()).collect();
        assert_eq!(text, "aa b");
        let places: Vec<f32> = read.iter().map(|glyph| glyph.at).collect();
        assert_eq!(places, [4.0, 9.0, 11.0, 13.0]);
        assert!((read[3].confidence - 0.7).abs() < 1e-6);
    }
}
