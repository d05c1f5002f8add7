//! Pictures that are good for being looked for. What cannot tell one place from another is refused
//! here; looking is done elsewhere.

use super::{Picture, PictureError, net::Net};
use memchr::memmem::Finder;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// A picture to look for, which has more than one colour.
#[derive(Clone, Debug)]
pub struct Anchor {
    picture: Picture,
    /// What has to be equal, the most telling first.
    spans: Vec<Span>,
    /// Finds the first of them.
    finder: Finder<'static>,
    /// Finds several of them at once, where enough are telling.
    net: Option<Net>,
}

/// Opaque pixels beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// How far right of the anchor's left edge it starts.
    pub(super) x: usize,
    /// How far down.
    pub(super) y: usize,
    /// How many pixels it has.
    pub(super) length: usize,
    /// Whether it has edges and is there only once.
    pub(super) is_telling: bool,
}

/// A picture cannot be looked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// It cannot be read.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// It has no opaque pixel.
    #[error("the anchor has no opaque pixel")]
    Empty,
    /// It has one colour, and would be found wherever that colour is.
    #[error("the anchor has only one colour")]
    Flat,
    /// Its brightness is the same everywhere in its largest opaque rectangle, so that nothing is
    /// more like it than anything else.
    #[error("the anchor's brightness is the same everywhere; by likeness it cannot be found")]
    Faint,
    /// It is larger than where it is looked for.
    #[error("the anchor of {}x{} is larger than the {}x{} it is looked for in", anchor.0, anchor.1, area.0, area.1)]
    TooLarge {
        /// Its size.
        anchor: (u32, u32),
        /// The size of where it is looked for.
        area: (u32, u32),
    },
    /// It is not opaque everywhere, and it and the screen repeat themselves so much that looking
    /// would take too long.
    #[error("the anchor almost fits at so many places that it is not worth looking for")]
    Repetitive,
}

impl Anchor {
    /// Makes an anchor of a picture.
    pub fn new(picture: Picture) -> Result<Self, AnchorError> {
        let mut spans = opaque_spans(&picture);
        let pixels = |span: &Span| {
            picture.rgba()[span.bytes(picture.width() as usize)]
                .as_chunks::<4>()
                .0
        };
        let mut all = spans.iter().flat_map(pixels);
        let first = all.next().ok_or(AnchorError::Empty)?;
        if all.all(|pixel| pixel == first) {
            return Err(AnchorError::Flat);
        }
        sort_by_telling(&mut spans, &picture);
        let needle = &picture.rgba()[spans[0].bytes(picture.width() as usize)];
        Ok(Self {
            finder: Finder::new(needle).into_owned(),
            net: Net::new(&spans, &picture),
            spans,
            picture,
        })
    }

    /// Makes an anchor of a PNG file.
    pub fn from_png(bytes: &[u8]) -> Result<Self, AnchorError> {
        Self::new(Picture::from_png(bytes)?)
    }

    /// Returns its picture.
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    pub(super) fn spans(&self) -> &[Span] {
        &self.spans
    }

    pub(super) fn finder(&self) -> &Finder<'static> {
        &self.finder
    }

    pub(super) fn net(&self) -> Option<&Net> {
        self.net.as_ref()
    }

    /// Whether every pixel of it counts.
    pub(super) fn is_opaque(&self) -> bool {
        let counting: usize = self.spans.iter().map(|span| span.length).sum();
        counting * 4 == self.picture.rgba().len()
    }

    /// Returns the pixels of `span`.
    pub(super) fn pixels(&self, span: Span) -> &[u8] {
        &self.picture.rgba()[span.bytes(self.picture.width() as usize)]
    }
}

impl Span {
    /// Returns where it is in the bytes of a picture of `width`.
    pub(super) fn bytes(self, width: usize) -> Range<usize> {
        let start = (self.y * width + self.x) * 4;
        start..start + self.length * 4
    }
}

fn opaque_spans(picture: &Picture) -> Vec<Span> {
    let mut spans = Vec::new();
    if picture.width() == 0 {
        return spans;
    }
    let rows = picture.rgba().chunks_exact(picture.width() as usize * 4);
    for (y, row) in rows.enumerate() {
        let mut x = 0;
        for run in row
            .as_chunks::<4>()
            .0
            .chunk_by(|a, b| (a[3] == 255) == (b[3] == 255))
        {
            if run[0][3] == 255 {
                spans.push(Span {
                    x,
                    y,
                    length: run.len(),
                    is_telling: false,
                });
            }
            x += run.len();
        }
    }
    spans
}

/// Puts first what is found at the fewest places of a screen, as far as the picture itself tells:
/// what has edges, is there only once, and has the most colours and edges.
fn sort_by_telling(spans: &mut [Span], picture: &Picture) {
    let width = picture.width() as usize;
    let bytes = |span: &Span| &picture.rgba()[span.bytes(width)];
    let mut copies: BTreeMap<&[u8], usize> = BTreeMap::new();
    for span in spans.iter() {
        *copies.entry(bytes(span)).or_default() += 1;
    }
    let edges = |span: &Span| {
        let pixels = bytes(span).as_chunks::<4>().0;
        pixels.windows(2).filter(|pair| pair[0] != pair[1]).count()
    };
    for span in spans.iter_mut() {
        span.is_telling = copies[bytes(span)] == 1 && edges(span) > 0;
    }
    spans.sort_by_cached_key(|span| {
        let colours = bytes(span)
            .as_chunks::<4>()
            .0
            .iter()
            .collect::<BTreeSet<_>>();
        let edges = edges(span);
        Reverse((
            edges > 0,
            span.is_telling,
            colours.len(),
            edges,
            span.length,
        ))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judge::exact::tests::frame, model::Rect};

    fn anchor(colour: impl Fn(i32, i32) -> [u8; 4]) -> Result<Anchor, AnchorError> {
        let frame = frame(4, 3, colour);
        let whole = Rect {
            x: 0,
            y: 0,
            width: 4,
            height: 3,
        };
        Anchor::new(Picture::crop(&frame, whole).unwrap())
    }

    #[test]
    fn a_picture_of_one_colour_is_no_anchor() {
        assert_eq!(
            anchor(|_, _| [5, 6, 7, 255]).unwrap_err(),
            AnchorError::Flat
        );
    }

    #[test]
    fn what_is_not_opaque_does_not_count_as_a_colour() {
        let flat = anchor(|x, y| [x as u8, y as u8, 0, if x == 2 { 255 } else { 254 }]);
        assert_eq!(flat.unwrap().spans().len(), 3);
        let flat = anchor(|x, _| [x as u8, 0, 0, if x == 2 { 255 } else { 0 }]);
        assert_eq!(flat.unwrap_err(), AnchorError::Flat);
        assert_eq!(
            anchor(|x, _| [x as u8, 0, 0, 0]).unwrap_err(),
            AnchorError::Empty
        );
    }

    #[test]
    fn a_picture_without_pixels_is_no_anchor() {
        let frame = frame(4, 3, |_, _| [0; 4]);
        for (width, height) in [(0, 0), (0, 3), (4, 0)] {
            let nothing = Rect {
                x: 0,
                y: 0,
                width,
                height,
            };
            let picture = Picture::crop(&frame, nothing).unwrap();
            assert_eq!(Anchor::new(picture).unwrap_err(), AnchorError::Empty);
        }
    }

    #[test]
    fn the_most_telling_row_is_looked_for_first() {
        // Two equal rows of stripes, and between them one with as many edges but more colours.
        let striped = anchor(|x, y| match (x % 2, y) {
            (0, _) => [0, 0, 0, 255],
            (_, 1) => [255, x as u8, 0, 255],
            _ => [255, 0, 0, 255],
        });
        assert_eq!(striped.unwrap().spans()[0].y, 1);
    }
}
