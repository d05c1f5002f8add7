//! The picture of a screen, put together from whole updates. It knows no protocol and no clock.

use super::picture::{Change, Coverage, Misfit, Picture};
use crate::model::{Frame, FrameCause, FrameSeq, Rect, Timestamp};
use std::{collections::VecDeque, sync::Arc};

/// How many updates are remembered with their damage; whoever slept longer gets the whole screen.
const REMEMBERED: usize = 64;

/// More rectangles than this in one update are told as one that holds them all.
const RECTANGLES: usize = 64;

/// The picture that is shown, and the one that is still incomplete after a change of size.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    shown: Option<Shown>,
    growing: Option<(Picture, Coverage)>,
    /// What has been sent anew of the picture that is shown, while that is waited for.
    confirming: Option<Coverage>,
    /// Whether what is shown is from a connection that broke.
    is_old: bool,
}

#[derive(Debug)]
struct Shown {
    seq: FrameSeq,
    at: Timestamp,
    cause: FrameCause,
    picture: Picture,
    /// The damage of the newest updates, the newest last.
    recent: VecDeque<Vec<Rect>>,
}

impl Canvas {
    /// Returns the newest frame; its damage is all that changed since `since`, or only since the
    /// frame before it. `None` until the first picture is complete.
    pub(super) fn frame(&self, since: Option<FrameSeq>) -> Option<Frame> {
        let shown = self.shown.as_ref()?;
        Some(Frame {
            seq: shown.seq,
            at: shown.at,
            cause: shown.cause,
            width: shown.picture.width,
            height: shown.picture.height,
            rgba: Arc::clone(&shown.picture.rgba),
            damage: shown.damage(since.unwrap_or(FrameSeq(shown.seq.0 - 1))),
        })
    }

    /// Takes what is shown for old: the next picture is from another connection, and counts when it
    /// is whole.
    pub(super) fn age(&mut self) {
        self.growing = None;
        self.is_old = self.shown.is_some();
    }

    /// Waits until all of the picture has been sent anew, from now on.
    pub(super) fn begin_confirming(&mut self) {
        let shown = self.shown.as_ref();
        let pixels =
            shown.map(|shown| shown.picture.width as usize * shown.picture.height as usize);
        self.confirming = pixels.map(Coverage::none);
    }

    /// Whether that is still waited for.
    pub(super) fn is_confirming(&self) -> bool {
        self.confirming.is_some()
    }

    /// Returns the size of the picture that is shown.
    pub(super) fn size(&self) -> (u32, u32) {
        let shown = self.shown.as_ref();
        shown.map_or((0, 0), |shown| shown.picture.size())
    }

    /// Whether pixels are still missing.
    pub(super) fn is_incomplete(&self) -> bool {
        self.growing.is_some()
    }

    /// Applies a whole update. Returns the number of the new frame, or `None` when nothing that is
    /// shown has changed.
    pub(super) fn apply(
        &mut self,
        update: Vec<Change>,
        at: Timestamp,
    ) -> Result<Option<FrameSeq>, Misfit> {
        let mut damage = Vec::new();
        for change in update {
            match (change, &mut self.growing, &mut self.shown) {
                // Some servers tell the size again without a change.
                (Change::Size(width, height), None, Some(shown))
                    if shown.picture.size() == (width, height) && !self.is_old => {}
                (Change::Size(width, height), _, _) => {
                    self.growing = Some((
                        Picture::black(width, height),
                        Coverage::none(width as usize * height as usize),
                    ));
                }
                (change, Some((picture, coverage)), _) => {
                    let drawn = picture.apply(change)?;
                    coverage.add(drawn.area, picture.width as usize);
                }
                (change, None, Some(shown)) => {
                    let drawn = shown.picture.apply(change)?;
                    if let Some(confirming) = &mut self.confirming {
                        confirming.add(drawn.area, shown.picture.width as usize);
                    }
                    damage.extend(drawn.is_new.then_some(drawn.area));
                }
                (change, None, None) => return Err(Picture::black(0, 0).misfit(&change)),
            }
        }
        if let Some((picture, _)) = self.growing.take_if(|(_, known)| known.is_complete()) {
            return Ok(Some(self.show(picture, at)));
        }
        let is_confirmed = self.confirming.take_if(|sent| sent.is_complete()).is_some();
        Ok(match &mut self.shown {
            Some(shown) if self.growing.is_none() && (is_confirmed || !damage.is_empty()) => {
                Some(shown.changed(damage, at))
            }
            _ => None,
        })
    }

    /// Shows a new, complete picture.
    fn show(&mut self, picture: Picture, at: Timestamp) -> FrameSeq {
        let (seq, cause) = match &self.shown {
            None => (FrameSeq(1), FrameCause::Connected),
            Some(old) if self.is_old => (FrameSeq(old.seq.0 + 1), FrameCause::Reconnected),
            Some(old) => (FrameSeq(old.seq.0 + 1), FrameCause::Resized),
        };
        self.is_old = false;
        // All of it has just been sent.
        self.confirming = None;
        let recent = VecDeque::from([vec![picture.whole()]]);
        self.shown = Some(Shown {
            seq,
            at,
            cause,
            picture,
            recent,
        });
        seq
    }
}

impl Shown {
    fn changed(&mut self, damage: Vec<Rect>, at: Timestamp) -> FrameSeq {
        self.seq.0 += 1;
        self.at = at;
        self.cause = FrameCause::Damage;
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(joined_if_many(damage));
        self.seq
    }

    fn damage(&self, since: FrameSeq) -> Vec<Rect> {
        let missed = self.seq.0.saturating_sub(since.0) as usize;
        if missed > self.recent.len() {
            return vec![self.picture.whole()];
        }
        let recent = self.recent.iter().skip(self.recent.len() - missed);
        joined_if_many(recent.flatten().copied().collect())
    }
}

fn joined_if_many(damage: Vec<Rect>) -> Vec<Rect> {
    if damage.len() <= RECTANGLES {
        return damage;
    }
    let joined = damage.into_iter().reduce(|a, b| {
        let (x, y) = (a.x.min(b.x), a.y.min(b.y));
        Rect {
            x,
            y,
            width: (a.x + a.width).max(b.x + b.width) - x,
            height: (a.y + a.height).max(b.y + b.height) - y,
        }
    });
    joined.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(43_200_000);

    fn dot(x: i32, y: i32, shade: u8) -> Change {
        let area = Rect {
            x,
            y,
            width: 1,
            height: 1,
        };
        Change::Pixels(area, vec![shade; 4])
    }

    /// A black screen of 4x2.
    fn canvas() -> Canvas {
        let mut canvas = Canvas::default();
        let whole = Picture::black(4, 2);
        let update = vec![
            Change::Size(4, 2),
            Change::Pixels(whole.whole(), whole.rgba.to_vec()),
        ];
        assert_eq!(canvas.apply(update, NOON), Ok(Some(FrameSeq(1))));
        canvas
    }

    fn corners(frame: &Frame) -> Vec<(i32, i32)> {
        frame.damage.iter().map(|area| (area.x, area.y)).collect()
    }

    #[test]
    fn damage_is_told_since_the_frame_that_was_seen_last() {
        let mut canvas = canvas();
        for (x, shade) in [(1, 5), (2, 6), (3, 7)] {
            canvas.apply(vec![dot(x, 1, shade)], NOON).unwrap();
        }
        let since = |seq| corners(&canvas.frame(Some(FrameSeq(seq))).unwrap());
        assert_eq!(since(4), []);
        assert_eq!(since(3), [(3, 1)]);
        assert_eq!(since(1), [(1, 1), (2, 1), (3, 1)]);
        assert_eq!(since(0)[0], (0, 0), "the first picture is damaged in all");
        assert_eq!(corners(&canvas.frame(None).unwrap()), [(3, 1)]);
    }

    #[test]
    fn whoever_slept_too_long_is_told_that_all_may_have_changed() {
        let mut canvas = canvas();
        for shade in 0..=REMEMBERED as u8 {
            canvas.apply(vec![dot(0, 0, shade + 1)], NOON).unwrap();
        }
        let damage = |seq| canvas.frame(Some(FrameSeq(seq))).unwrap().damage;
        assert_eq!(damage(1), [Picture::black(4, 2).whole()]);
        assert_eq!(damage(2).len(), REMEMBERED);
        assert!(damage(2).iter().all(|area| area.width == 1));
    }

    #[test]
    fn pixels_that_are_as_they_were_make_no_frame() {
        let mut canvas = canvas();
        assert_eq!(canvas.apply(vec![dot(0, 0, 0)], NOON), Ok(None));
        let outcome = canvas.apply(vec![dot(0, 0, 9), dot(1, 0, 0)], NOON);
        assert_eq!(outcome, Ok(Some(FrameSeq(2))));
        assert_eq!(corners(&canvas.frame(None).unwrap()), [(0, 0)]);
    }

    #[test]
    fn a_frame_that_someone_holds_is_copied_and_one_that_no_one_holds_is_not() {
        let mut canvas = canvas();
        let pixels = |canvas: &Canvas| canvas.frame(None).unwrap().rgba.as_ptr();
        let before = pixels(&canvas);
        canvas.apply(vec![dot(0, 0, 1)], NOON).unwrap();
        assert_eq!(pixels(&canvas), before);
        let held = canvas.frame(None).unwrap();
        canvas.apply(vec![dot(0, 0, 2)], NOON).unwrap();
        assert_ne!(pixels(&canvas), before);
        assert_eq!(held.rgba[..4], [1, 1, 1, 255]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (x, y) in [(4, 0), (0, 2), (-1, 0)] {
            assert!(canvas().apply(vec![dot(x, y, 1)], NOON).is_err());
        }
        let short = Change::Pixels(Picture::black(2, 2).whole(), vec![0; 15]);
        assert!(canvas().apply(vec![short], NOON).is_err());
        assert!(Canvas::default().apply(vec![dot(0, 0, 1)], NOON).is_err());
    }

    #[test]
    fn an_area_is_copied_onto_itself_as_it_was_before() {
        let mut canvas = canvas();
        let marks = (0..4).map(|x| dot(x, 0, x as u8 + 1)).collect();
        canvas.apply(marks, NOON).unwrap();
        let to = Rect {
            x: 1,
            y: 0,
            width: 3,
            height: 1,
        };
        canvas
            .apply(vec![Change::Copy { to, from: (0, 0) }], NOON)
            .unwrap();
        let row: Vec<u8> = canvas.frame(None).unwrap().rgba[..16].to_vec();
        assert_eq!(
            row.chunks(4).map(|pixel| pixel[0]).collect::<Vec<_>>(),
            [1, 1, 2, 3]
        );
    }

    #[test]
    fn a_picture_that_was_sent_anew_is_a_new_frame_though_nothing_changed() {
        let mut canvas = canvas();
        canvas.begin_confirming();
        // Seven of eight pixels, one of which is another now.
        for at in 1..8 {
            let shade = if at == 3 { 9 } else { 0 };
            let update = vec![dot(at % 4, at / 4, shade)];
            let _seen = canvas.apply(update, NOON).unwrap();
            assert!(canvas.is_confirming());
        }
        let before = canvas.frame(None).unwrap().seq;
        let seq = canvas.apply(vec![dot(0, 0, 0)], NOON).unwrap();
        assert!(seq.is_some_and(|seq| seq > before));
        assert!(!canvas.is_confirming());
        assert!(canvas.frame(None).unwrap().damage.is_empty());
    }
}
