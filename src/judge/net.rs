//! A net for an anchor: rows of it, chosen so that wherever the anchor lies, one of them falls on
//! a screen row that is looked at, though most screen rows are not. It only tells where to look.
//!
//! Of each residue class of rows modulo the net's stride it holds one. An anchor whose top is at
//! `y` then has a held row `i` with `y + i` divisible by the stride, so that it is enough to look
//! at each screen row that is. They are looked at by a rolling hash.

use super::{
    Picture,
    anchor::Span,
    rolling::{Rolling, hash},
};

/// With fewer rows between, looking for a single row is faster.
const LEAST_STRIDE: usize = 8;

/// With more, there is little left to win.
const MOST_STRIDE: usize = 64;

/// Rows of an anchor that are looked for together.
#[derive(Clone, Debug)]
pub(super) struct Net {
    /// How far right of the anchor's left edge its rows start.
    pub(super) x: usize,
    /// Hashes as many pixels as they have.
    pub(super) rolling: Rolling,
    /// How many screen rows lie between those that are looked at.
    pub(super) stride: usize,
    /// Hashes of the rows, in order, and how far down the anchor they are.
    rows: Vec<(u64, usize)>,
    /// Which leading bits the hashes have, to pass over most others at once.
    leading: [u64; 64],
}

impl Net {
    /// Makes a net of `spans`, the most telling first; `None` when too few are telling.
    pub(super) fn new(spans: &[Span], picture: &Picture) -> Option<Self> {
        let best = spans.first()?;
        let fits = |span: &&Span| span.is_telling && (span.x, span.length) == (best.x, best.length);
        let usable: Vec<Span> = spans.iter().filter(fits).copied().collect();
        let strides = LEAST_STRIDE..=MOST_STRIDE.min(usable.len());
        let held = strides
            .rev()
            .find_map(|stride| one_of_each(&usable, stride))?;
        let width = picture.width() as usize;
        let hashed = |span: &Span| (hash(&picture.rgba()[span.bytes(width)]), span.y);
        let mut rows: Vec<_> = held.iter().map(hashed).collect();
        rows.sort_unstable();
        let mut leading = [0; 64];
        for (hash, _) in &rows {
            leading[(hash >> 58) as usize] |= 1 << (hash >> 52 & 63);
        }
        Some(Self {
            x: best.x,
            rolling: Rolling::new(best.length),
            stride: held.len(),
            rows,
            leading,
        })
    }

    /// Tells `caught` where in a screen row pixels hash as a row of the anchor does, and how far
    /// down the anchor that row is.
    pub(super) fn cast(&self, row: &[u8], mut caught: impl FnMut(usize, usize)) {
        self.rolling.over(row, |at, sum| {
            if self.leading[(sum >> 58) as usize] >> (sum >> 52 & 63) & 1 == 1 {
                let first = self.rows.partition_point(|(hash, _)| *hash < sum);
                let equal = self.rows[first..]
                    .iter()
                    .take_while(|(hash, _)| *hash == sum);
                equal.for_each(|(_, y)| caught(at, *y));
            }
        });
    }
}

/// Returns one span of each residue class modulo `stride`, if there is.
fn one_of_each(usable: &[Span], stride: usize) -> Option<Vec<Span>> {
    let of_class = |class| usable.iter().find(|span| span.y % stride == class).copied();
    (0..stride).map(of_class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::{Anchor, exact::tests::frame},
        model::Rect,
    };

    fn net(height: i32, colour: impl Fn(i32, i32) -> [u8; 4]) -> Option<Net> {
        let frame = frame(9, height, colour);
        let whole = Rect {
            x: 0,
            y: 0,
            width: 9,
            height,
        };
        let anchor = Anchor::new(Picture::crop(&frame, whole).unwrap()).unwrap();
        anchor.net().cloned()
    }

    #[test]
    fn there_is_a_row_for_each_screen_row_that_an_anchor_may_start_at() {
        // Every fourth row is blank.
        let net = net(40, |x, y| match y % 4 {
            0 => [255; 4],
            _ => [x as u8, y as u8, 0, 255],
        });
        let net = net.unwrap();
        assert!(net.stride >= LEAST_STRIDE && !net.stride.is_multiple_of(4));
        let mut classes: Vec<usize> = net.rows.iter().map(|(_, y)| y % net.stride).collect();
        classes.sort_unstable();
        assert_eq!(classes, (0..net.stride).collect::<Vec<_>>());
        assert!(net.rows.iter().all(|(_, y)| y % 4 != 0));
    }

    #[test]
    fn rows_that_repeat_or_are_flat_hold_nothing() {
        assert!(net(40, |x, _| [x as u8, 0, 0, 255]).is_none());
        assert!(net(40, |_, y| [0, y as u8, 0, 255]).is_none());
        assert!(net(LEAST_STRIDE as i32 - 1, |x, y| [x as u8, y as u8, 0, 255]).is_none());
    }

    #[test]
    fn rows_are_caught_up_to_both_edges_of_the_screen() {
        let net = net(20, |x, y| [x as u8 + 1, y as u8, 0, 255]).unwrap();
        let (_, y) = net.rows[3];
        let held = frame(9, 1, |x, _| [x as u8 + 1, y as u8, 0, 255]);
        for before in [0, 1, 5] {
            let mut row = [0, 0, 0, 255].repeat(5);
            row.splice(before * 4..before * 4, held.rgba.iter().copied());
            let mut caught = Vec::new();
            net.cast(&row, |x, y| caught.push((x, y)));
            assert_eq!(caught, [(before, y)]);
        }
    }
}
