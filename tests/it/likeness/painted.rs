//! A screen that is painted pixel by pixel: flat areas, smoothed text, widgets.

use mosdat::model::{Frame, FrameCause, FrameSeq, Rect, Timestamp};
use std::sync::Arc;

pub(crate) type Colour = [u8; 3];

pub(crate) const PAPER: Colour = [246, 245, 244];
pub(crate) const INK: Colour = [46, 52, 54];
pub(crate) const GREY: Colour = [205, 199, 194];

/// A screen to paint on.
#[derive(Clone, Debug)]
pub(crate) struct Painted {
    width: i32,
    height: i32,
    pixels: Vec<Colour>,
}

impl Painted {
    pub(crate) fn new(width: i32, height: i32) -> Self {
        Self {
            width,
            height,
            pixels: vec![PAPER; (width * height) as usize],
        }
    }

    pub(crate) fn frame(&self) -> Frame {
        let rgba = self.pixels.iter().flat_map(|[r, g, b]| [*r, *g, *b, 255]);
        Frame {
            seq: FrameSeq(1),
            at: Timestamp(0),
            cause: FrameCause::Connected,
            width: self.width as u32,
            height: self.height as u32,
            rgba: Arc::new(rgba.collect()),
            damage: Vec::new(),
        }
    }

    fn pixel(&mut self, x: i32, y: i32) -> Option<&mut Colour> {
        let is_inside = (0..self.width).contains(&x) && (0..self.height).contains(&y);
        is_inside.then(|| &mut self.pixels[(y * self.width + x) as usize])
    }

    /// Covers a pixel with so much of a colour, from 0 to 1.
    fn cover(&mut self, x: i32, y: i32, colour: Colour, share: f64) {
        if let Some(pixel) = self.pixel(x, y) {
            for (there, new) in pixel.iter_mut().zip(colour) {
                *there = (f64::from(*there) * (1.0 - share) + f64::from(new) * share).round() as u8;
            }
        }
    }

    pub(crate) fn fill(&mut self, area: Rect, colour: Colour) {
        for y in area.y..area.y + area.height {
            for x in area.x..area.x + area.width {
                self.cover(x, y, colour, 1.0);
            }
        }
    }

    pub(crate) fn border(&mut self, area: Rect, colour: Colour) {
        for x in area.x..area.x + area.width {
            self.cover(x, area.y, colour, 1.0);
            self.cover(x, area.y + area.height - 1, colour, 1.0);
        }
        for y in area.y..area.y + area.height {
            self.cover(area.x, y, colour, 1.0);
            self.cover(area.x + area.width - 1, y, colour, 1.0);
        }
    }

    /// Writes letters of seven by ten pixels with smooth edges, each letter another shape.
    pub(crate) fn text(&mut self, x: i32, y: i32, text: &str, colour: Colour) {
        for (index, letter) in text.bytes().enumerate() {
            let mut shape = u64::from(letter).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            shape ^= shape >> 29;
            for v in 0..10 {
                for u in 0..6 {
                    let bits = shape.rotate_left((v / 2 * 12 + u / 2 * 4) as u32) & 15;
                    let share = match bits {
                        _ if letter == b' ' => 0.0,
                        0..=5 => 0.0,
                        6..=9 => 0.45,
                        _ => 1.0,
                    };
                    self.cover(x + index as i32 * 7 + u, y + v, colour, share);
                }
            }
        }
    }

    /// Paints a button of 100x40 with a label in its middle.
    pub(crate) fn button(&mut self, x: i32, y: i32, label: &str) {
        let area = super::rect(x, y, 100, 40);
        self.fill(area, [232, 230, 227]);
        self.border(area, GREY);
        self.text(x + 50 - label.len() as i32 * 7 / 2, y + 15, label, INK);
    }

    /// Paints a check box with a label: 180x20.
    pub(crate) fn check_box(&mut self, x: i32, y: i32, label: &str, is_checked: bool) {
        let frame = super::rect(x + 2, y + 3, 14, 14);
        self.fill(frame, [255, 255, 255]);
        self.border(frame, [150, 145, 140]);
        if is_checked {
            for at in 0..9_i32 {
                let v = if at < 3 { 6 + at } else { 11 - at };
                for thick in 0..3 {
                    self.cover(x + 4 + at, y + 3 + v + thick - 1, INK, 1.0);
                }
            }
        }
        self.text(x + 24, y + 5, label, INK);
    }

    /// Changes every pixel.
    pub(crate) fn map(&mut self, change: impl Fn(i32, i32, Colour) -> Colour) {
        for y in 0..self.height {
            for x in 0..self.width {
                let at = (y * self.width + x) as usize;
                self.pixels[at] = change(x, y, self.pixels[at]);
            }
        }
    }

    /// Changes the pixels of `area`.
    pub(crate) fn map_area(&mut self, area: Rect, change: impl Fn(Colour) -> Colour) {
        self.map(|x, y, colour| {
            let is_inside = (area.x..area.x + area.width).contains(&x)
                && (area.y..area.y + area.height).contains(&y);
            if is_inside { change(colour) } else { colour }
        });
    }

    /// Adds noise of a standard deviation of about two levels, another for each seed.
    pub(crate) fn noise(&mut self, seed: u64) {
        let mut random = fastrand::Rng::with_seed(seed);
        for pixel in &mut self.pixels {
            for value in pixel {
                let noise: i32 = (0..4).map(|_| random.i32(-1..=1)).sum::<i32>();
                *value = (i32::from(*value) + noise).clamp(0, 255) as u8;
            }
        }
    }

    /// Moves everything, and fills up with paper.
    pub(crate) fn moved(&self, right: i32, down: i32) -> Self {
        let mut moved = Self::new(self.width, self.height);
        for y in 0..self.height {
            for x in 0..self.width {
                let colour = self.pixels[(y * self.width + x) as usize];
                if let Some(pixel) = moved.pixel(x + right, y + down) {
                    *pixel = colour;
                }
            }
        }
        moved
    }
}

/// A window with settings: a title, text, four check boxes, two buttons.
pub(crate) fn settings() -> Painted {
    let mut screen = Painted::new(400, 300);
    screen.fill(super::rect(0, 0, 400, 30), [43, 58, 103]);
    screen.text(12, 10, "Server Preferences", [255, 255, 255]);
    screen.text(20, 45, "Certificate expires in 12 days", [176, 0, 32]);
    for (row, label) in LABELS.iter().enumerate() {
        screen.check_box(20, BOXES + row as i32 * 26, label, row % 2 == 0);
    }
    screen.text(20, 185, "https://chat.example.org", INK);
    screen.button(160, 230, "Save");
    screen.button(280, 230, "Cancel");
    screen
}

/// The top of the first check box.
pub(crate) const BOXES: i32 = 70;

const LABELS: [&str; 4] = [
    "Start minimized to tray",
    "Hardware acceleration",
    "Check for updates",
    "Notification badges",
];
