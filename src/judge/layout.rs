//! Where a window is on a picture, told by the widgets in it.
//!
//! A program that does not know where its window is knows where its widgets are in it, to the pixel.
//! Some of them have a border all around. Where the picture has rectangles of just those sizes in
//! just that arrangement, there the window is. It is found, or it is not: nothing is likely here.

use super::edges::Edges;
use crate::model::{Frame, Point, Rect};
use std::collections::{BTreeMap, BTreeSet};

/// At least so many widgets must agree on where their window is.
const LEAST_WIDGETS: usize = 3;

/// Smaller widgets are left out: the picture has too much of their size.
const SMALLEST: usize = 14;

/// A rectangle of a size that is seen more often than this tells nothing.
const MOST_PLACES: usize = 2000;

/// Corners may be round: so much of a side is not looked at.
const CORNER: usize = 6;

/// So far beyond a corner a border must have ended. A line that goes on is not a widget's.
const BEYOND: usize = 4;

/// Returns where on the picture the places of `widgets` count from; `None` unless at least three
/// widgets agree on one place, no other place has half as many, and no other window looks the same.
/// `others` are the widgets of other windows that may be on the picture.
pub fn find_layout(frame: &Frame, widgets: &[Rect], others: &[Vec<Rect>]) -> Option<Point> {
    let edges = Edges::of(frame);
    let mut seen: BTreeMap<(usize, usize), Vec<Point>> = BTreeMap::new();
    let mut votes: BTreeMap<Point, Vec<Rect>> = BTreeMap::new();
    for widget in widgets.iter().collect::<BTreeSet<_>>() {
        let size = (
            usize::try_from(widget.width),
            usize::try_from(widget.height),
        );
        let (Ok(width), Ok(height)) = size else {
            continue;
        };
        let places = seen
            .entry((width, height))
            .or_insert_with(|| rectangles(&edges, width, height));
        for place in places {
            let origin = Point {
                x: place.x - widget.x,
                y: place.y - widget.y,
            };
            votes.entry(origin).or_default().push(*widget);
        }
    }
    let best = votes.iter().max_by_key(|(_, widgets)| widgets.len())?;
    let (origin, agreeing) = best;
    let has_rival = votes
        .iter()
        .any(|(other, widgets)| other != origin && widgets.len() * 2 > agreeing.len());
    let has_twin = others.iter().any(|other| looks_alike(agreeing, other));
    let is_sure = agreeing.len() >= LEAST_WIDGETS && !has_rival && !has_twin;
    is_sure.then_some(*origin)
}

/// Whether `other` has most of the rectangles of `widgets`, in the same arrangement.
fn looks_alike(widgets: &[Rect], other: &[Rect]) -> bool {
    let other: BTreeSet<&Rect> = other.iter().collect();
    let mut shifts: BTreeMap<Point, usize> = BTreeMap::new();
    for (one, two) in widgets
        .iter()
        .flat_map(|one| other.iter().map(move |two| (one, two)))
    {
        if (one.width, one.height) == (two.width, two.height) {
            let shift = Point {
                x: two.x - one.x,
                y: two.y - one.y,
            };
            *shifts.entry(shift).or_default() += 1;
        }
    }
    shifts.values().any(|count| count * 2 > widgets.len())
}

/// Returns where the picture has a rectangle of this size with a border all around, by its top left
/// corner; nothing when it has too many.
fn rectangles(edges: &Edges, width: usize, height: usize) -> Vec<Point> {
    let mut found = Vec::new();
    let margin = BEYOND + 1;
    if width < SMALLEST || height < SMALLEST {
        return found;
    }
    let sides = Sides::of(edges, width, height);
    for y in margin..(edges.height + 1).saturating_sub(height + margin) {
        if !sides.may_be_at_row(y) {
            continue;
        }
        for x in margin..(edges.width + 1).saturating_sub(width + margin) {
            if sides.are_at(x, y) {
                found.push(Point {
                    x: x as i32,
                    y: y as i32,
                });
            }
        }
        if found.len() > MOST_PLACES {
            return Vec::new();
        }
    }
    found
}

/// The sides of a rectangle of some size, without its corners.
struct Sides<'e> {
    edges: &'e Edges,
    width: usize,
    height: usize,
    /// Where a horizontal side begins, and how long it is.
    across: (usize, usize),
    /// The same of a vertical one.
    down: (usize, usize),
}

impl<'e> Sides<'e> {
    fn of(edges: &'e Edges, width: usize, height: usize) -> Self {
        let side = |length: usize| {
            let corner = CORNER.min(length / 4);
            (corner, length - 2 * corner)
        };
        Self {
            edges,
            width,
            height,
            across: side(width),
            down: side(height),
        }
    }

    /// Whether there is enough of an edge in this row and the one where the rectangle would end.
    fn may_be_at_row(&self, y: usize) -> bool {
        let has_edge = |y| {
            let all = self.edges.across_row(y, 0, self.edges.width);
            is_border(all, self.across.1)
        };
        has_edge(y) && has_edge(y + self.height)
    }

    /// Whether the rectangle is there: a border on all four sides that ends at the corners, and
    /// nothing right outside of it, which might be the true border.
    fn are_at(&self, x: usize, y: usize) -> bool {
        let (right, bottom) = (x + self.width, y + self.height);
        let (from_x, across) = (x + self.across.0, self.across.1);
        let (from_y, down) = (y + self.down.0, self.down.1);
        let row = |y| self.edges.across_row(y, from_x, across);
        let column = |x| self.edges.across_column(x, from_y, down);
        let row_ends = |y| {
            let before = self.edges.across_row(y, x - BEYOND - 1, BEYOND);
            let behind = self.edges.across_row(y, right + 1, BEYOND);
            before <= 1 && behind <= 1
        };
        let column_ends = |x| {
            let before = self.edges.across_column(x, y - BEYOND - 1, BEYOND);
            let behind = self.edges.across_column(x, bottom + 1, BEYOND);
            before <= 1 && behind <= 1
        };
        is_border(row(y), across)
            && is_border(row(bottom), across)
            && is_border(column(x), down)
            && is_border(column(right), down)
            && is_quiet(row(y - 1), across)
            && is_quiet(row(bottom + 1), across)
            && is_quiet(column(x - 1), down)
            && is_quiet(column(right + 1), down)
            && row_ends(y)
            && row_ends(bottom)
            && column_ends(x)
            && column_ends(right)
    }
}

fn is_border(edges: usize, length: usize) -> bool {
    edges * 10 >= length * 7
}

fn is_quiet(edges: usize, length: usize) -> bool {
    edges * 10 <= length * 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::exact::tests::frame;
    use proptest::prelude::*;

    const BACKGROUND: [u8; 4] = [51, 85, 119, 255];

    fn rect(x: i32, y: i32, width: i32, height: i32) -> Rect {
        Rect {
            x,
            y,
            width,
            height,
        }
    }

    /// A picture that is drawn on.
    struct Canvas {
        size: (i32, i32),
        rgba: Vec<[u8; 4]>,
    }

    impl Canvas {
        fn new(width: i32, height: i32) -> Self {
            Self {
                size: (width, height),
                rgba: vec![BACKGROUND; (width * height) as usize],
            }
        }

        fn fill(&mut self, area: Rect, colour: [u8; 4]) {
            let (width, height) = self.size;
            for y in area.y.max(0)..(area.y + area.height).min(height) {
                for x in area.x.max(0)..(area.x + area.width).min(width) {
                    self.rgba[(y * width + x) as usize] = colour;
                }
            }
        }

        /// Draws a window with a border around each of `widgets`, as a toolkit would: a dark line, a
        /// light one within it, a soft shadow below, and a word in the middle.
        fn window(&mut self, outline: Rect, widgets: &[Rect]) {
            let grey = |level: u8| [level, level, level, 255];
            self.fill(outline, grey(246));
            for widget in widgets {
                let at = rect(
                    widget.x + outline.x,
                    widget.y + outline.y,
                    widget.width,
                    widget.height,
                );
                let within = |by| rect(at.x + by, at.y + by, at.width - 2 * by, at.height - 2 * by);
                self.fill(rect(at.x + 2, at.y + at.height, at.width - 4, 1), grey(238));
                self.fill(at, grey(200));
                self.fill(within(1), grey(255));
                self.fill(within(2), grey(240));
                let middle = at.center();
                self.fill(rect(middle.x - 5, middle.y - 3, 3, 6), grey(40));
                self.fill(rect(middle.x, middle.y - 3, 6, 6), grey(40));
                for (x, y) in [
                    (at.x, at.y),
                    (at.x + at.width - 2, at.y),
                    (at.x, at.y + at.height - 2),
                    (at.x + at.width - 2, at.y + at.height - 2),
                ] {
                    self.fill(rect(x, y, 2, 2), grey(246));
                }
            }
        }

        fn frame(&self) -> Frame {
            let (width, height) = self.size;
            frame(width, height, |x, y| self.rgba[(y * width + x) as usize])
        }
    }

    /// A form: a field, three buttons in a row, a text.
    fn form() -> Vec<Rect> {
        vec![
            rect(6, 6, 66, 34),
            rect(78, 6, 70, 34),
            rect(154, 6, 82, 34),
            rect(6, 52, 230, 34),
            rect(6, 92, 230, 60),
        ]
    }

    fn shown(at: (i32, i32)) -> Canvas {
        let mut canvas = Canvas::new(400, 300);
        canvas.window(rect(at.0, at.1, 242, 160), &form());
        canvas
    }

    fn found(canvas: &Canvas, widgets: &[Rect], others: &[Vec<Rect>]) -> Option<(i32, i32)> {
        find_layout(&canvas.frame(), widgets, others).map(|at| (at.x, at.y))
    }

    #[test]
    fn a_window_is_found_to_the_pixel() {
        for at in [(20, 30), (21, 31), (150, 130), (0, 0)] {
            assert_eq!(found(&shown(at), &form(), &[]), Some(at));
        }
        // Its places may count from the edge of a shadow.
        let moved: Vec<Rect> = form()
            .iter()
            .map(|it| rect(it.x + 26, it.y + 23, it.width, it.height))
            .collect();
        assert_eq!(found(&shown((50, 40)), &moved, &[]), Some((24, 17)));
    }

    #[test]
    fn a_window_that_is_not_there_is_nowhere() {
        let mut canvas = Canvas::new(400, 300);
        assert_eq!(found(&canvas, &form(), &[]), None);
        let other = [
            rect(9, 9, 66, 34),
            rect(9, 60, 120, 34),
            rect(9, 110, 120, 34),
        ];
        canvas.window(rect(40, 40, 200, 160), &other);
        assert_eq!(found(&canvas, &form(), &[]), None);
    }

    #[test]
    fn two_widgets_are_too_few() {
        let few = &form()[..2];
        let mut canvas = Canvas::new(400, 300);
        canvas.window(rect(20, 30, 242, 160), few);
        assert_eq!(found(&canvas, few, &[]), None);
    }

    #[test]
    fn windows_that_look_the_same_are_not_told_apart() {
        let mut canvas = Canvas::new(600, 300);
        canvas.window(rect(20, 30, 242, 160), &form());
        canvas.window(rect(300, 30, 242, 160), &form());
        assert_eq!(found(&canvas, &form(), &[]), None);
        // One of them may be behind the other.
        let moved = form()
            .iter()
            .map(|it| rect(it.x + 5, it.y, it.width, it.height))
            .collect();
        assert_eq!(found(&shown((20, 30)), &form(), &[moved]), None);
        let others = vec![vec![rect(6, 6, 66, 34), rect(9, 9, 9, 9)]];
        assert_eq!(found(&shown((20, 30)), &form(), &others), Some((20, 30)));
    }

    #[test]
    fn equal_widgets_in_rows_are_found_only_when_all_are_seen() {
        let grid: Vec<Rect> = (0..9)
            .map(|n| rect(6 + n % 3 * 60, 6 + n / 3 * 40, 50, 30))
            .collect();
        let mut canvas = Canvas::new(400, 300);
        canvas.window(rect(100, 100, 200, 140), &grid);
        // Shifted by one column six of nine still agree.
        assert_eq!(found(&canvas, &grid, &[]), None);
    }

    #[test]
    fn lines_that_go_on_are_no_borders() {
        // A bar whose own edges run along the tops and bottoms of what is in it.
        let mut canvas = Canvas::new(400, 300);
        canvas.fill(rect(0, 40, 400, 46), [220, 216, 212, 255]);
        let buttons = [
            rect(20, 0, 36, 46),
            rect(62, 0, 83, 46),
            rect(151, 0, 83, 46),
        ];
        for button in buttons {
            let inner = rect(button.x, 46, button.width, 34);
            canvas.fill(inner, [190, 184, 177, 255]);
            canvas.fill(
                rect(inner.x + 1, inner.y + 1, inner.width - 2, inner.height - 2),
                [245, 245, 245, 255],
            );
        }
        assert_eq!(found(&canvas, &buttons, &[]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// Whatever lies over a window and wherever it is: it is found where it is, or not at all.
        #[test]
        fn a_window_is_never_found_elsewhere(
            widgets in prop::collection::vec((0..12, 0..9, 1..6, 1..4), 1..8),
            at in (-30..200, -30..120),
            covers in prop::collection::vec((0..320, 0..240, 10..160, 10..120), 0..4),
            is_shown in prop::bool::weighted(0.8),
        ) {
            let widgets: Vec<Rect> = widgets
                .into_iter()
                .map(|(x, y, w, h)| rect(x * 20 + 4, y * 18 + 4, w * 20 - 6, h * 18 - 4))
                .collect();
            let mut canvas = Canvas::new(320, 240);
            if is_shown {
                canvas.window(rect(at.0, at.1, 300, 220), &widgets);
            }
            for (x, y, width, height) in covers {
                let inner = [rect(4, 4, width / 2, height / 2)];
                canvas.window(rect(x, y, width, height), &inner);
            }
            let found = found(&canvas, &widgets, &[]);
            prop_assert!(found.is_none() || is_shown && found == Some(at), "{found:?} {at:?}");
        }
    }
}
