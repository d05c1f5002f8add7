//! A close look at one place: what a score alone does not see. A score is blind to contrast, so a
//! greyed-out button has the best there is; to colour, so red text that became green has too; and
//! to what is small, so a check mark may be gone.

use super::{Alike, Part, luma, moments::Moments};
use crate::{
    judge::Anchor,
    model::{Frame, Rect},
};

/// Tiles are about as wide and as high as this.
const TILE: usize = 16;

/// What varies less than about 5 levels within a tile may be noise: with this variance added to
/// both, tiles in which nothing is do not differ.
const NOISE: f64 = 25.0;

/// A tile of which less counts is not compared by itself.
const LEAST_PIXELS: i64 = 16;

/// What one tile comes to.
#[derive(Clone, Copy, Debug, Default)]
struct Tile {
    moments: Moments,
    off_colour: i64,
}

/// Looks at `place`, which is in the frame and of the anchor's size. A pixel is of another colour
/// when one of red, green and blue is off by more than `off_by`.
pub(super) fn look(frame: &Frame, anchor: &Anchor, place: Rect, off_by: u8) -> Alike {
    let size = (place.width as usize, place.height as usize);
    let (columns, rows) = ((size.0 / TILE).max(1), (size.1 / TILE).max(1));
    let mut tiles = vec![Tile::default(); columns * rows];
    let mut brightness = (vec![0; size.0], vec![0; size.0]);
    for span in anchor.spans() {
        let row = (span.y * rows + rows - 1) / size.1;
        let row = row.min(rows - 1);
        let wanted = anchor.pixels(*span);
        let at = (place.y as usize + span.y) * frame.width as usize + place.x as usize + span.x;
        let there = &frame.rgba[at * 4..][..span.length * 4];
        let (wanted_luma, there_luma) = (
            &mut brightness.0[..span.length],
            &mut brightness.1[..span.length],
        );
        luma::convert(wanted, wanted_luma);
        luma::convert(there, there_luma);
        for column in 0..columns {
            let edge = |column: usize| (column * size.0 / columns).max(span.x) - span.x;
            let (from, to) = (
                edge(column).min(span.length),
                edge(column + 1).min(span.length),
            );
            let tile = &mut tiles[row * columns + column];
            tile.moments
                .add(&wanted_luma[from..to], &there_luma[from..to]);
            let bytes = from * 4..to * 4;
            tile.off_colour += off_colour(&wanted[bytes.clone()], &there[bytes], off_by);
        }
    }
    let area = |at: usize| tile_area(place, (columns, rows), at);
    add_up(place, &tiles, area)
}

fn add_up(place: Rect, tiles: &[Tile], area: impl Fn(usize) -> Rect) -> Alike {
    let mut all = Moments::default();
    let mut off_colour = 0;
    for tile in tiles {
        all += tile.moments;
        off_colour += tile.off_colour;
    }
    let share = |off: i64, of: i64| off as f64 / of.max(1) as f64;
    let compared = || {
        let tiles = tiles.iter().enumerate();
        tiles.filter(|(_, tile)| tile.moments.pixels >= LEAST_PIXELS)
    };
    let parts = |of: &dyn Fn(&Tile) -> f64| -> Vec<Part> {
        let parts = compared().map(|(at, tile)| Part {
            place: area(at),
            value: of(tile),
        });
        parts.collect()
    };
    let by_value = |one: &Part, other: &Part| one.value.total_cmp(&other.value);
    let worst_tile = parts(&|tile| likeness(&tile.moments));
    let worst_colour = parts(&|tile| share(tile.off_colour, tile.moments.pixels));
    let score = all.score();
    let off_colour = share(off_colour, all.pixels);
    let whole = |value| Part { place, value };
    Alike {
        place,
        score,
        gain: all.gain(),
        worst_tile: worst_tile
            .into_iter()
            .min_by(by_value)
            .unwrap_or_else(|| whole(score)),
        off_colour,
        worst_colour: worst_colour
            .into_iter()
            .max_by(by_value)
            .unwrap_or_else(|| whole(off_colour)),
        second: None,
    }
}

/// Returns how alike a tile is, from -1 to 1: its correlation, times the smaller of both contrasts
/// over the larger.
fn likeness(moments: &Moments) -> f64 {
    let (wanted, there, both) = moments.variances();
    let (wanted, there) = (wanted + NOISE, there + NOISE);
    let correlation = (both + NOISE) / (wanted * there).sqrt();
    correlation * (wanted.min(there) / wanted.max(there)).sqrt()
}

fn off_colour(wanted: &[u8], there: &[u8], off_by: u8) -> i64 {
    let pairs = wanted.as_chunks::<4>().0.iter().zip(there.as_chunks().0);
    let is_off = |(wanted, there): &(&[u8; 4], &[u8; 4])| {
        let colours = wanted[..3].iter().zip(&there[..3]);
        let mut off = colours.map(|(wanted, there)| wanted.abs_diff(*there));
        off.any(|off| off > off_by)
    };
    pairs.filter(is_off).count() as i64
}

/// Returns where a tile is.
fn tile_area(place: Rect, (columns, rows): (usize, usize), at: usize) -> Rect {
    let edge = |index: usize, of: usize, length: i32| (index * length as usize / of) as i32;
    let (column, row) = (at % columns, at / columns);
    let (left, top) = (
        edge(column, columns, place.width),
        edge(row, rows, place.height),
    );
    Rect {
        x: place.x + left,
        y: place.y + top,
        width: edge(column + 1, columns, place.width) - left,
        height: edge(row + 1, rows, place.height) - top,
    }
}
