//! The way of a pointer from one place to another, as single moves. It sends nothing and waits for
//! nothing: the same seed gives the same way.

use crate::model::{Motion, Point, Profile};
use fastrand::Rng;
use std::time::Duration;

/// How soon after a move the next may come: a screen shows no more.
const FRAME: Duration = Duration::from_millis(16);

/// How far before its target a pointer that jumps is seen coming, in pixels.
const NEAR: f64 = 4.0;

/// More moves than this are no way but a mistake in the winds.
const GUSTS: usize = 4000;

/// Returns the moves from `from` to `to` on a screen of this `size`: how long to wait, and where
/// to go then. The last one is `to` itself, and none lies outside the screen.
pub fn path(
    motion: &Motion,
    seed: u64,
    (from, to): (Point, Point),
    size: (u32, u32),
) -> Vec<(Duration, Point)> {
    let way = Way::new(from, to);
    if way.length < 1.0 {
        return vec![(Duration::ZERO, to)];
    }
    let mut rng = Rng::with_seed(seed);
    let points = match motion.profile {
        Profile::Instant => return way.jump(size),
        Profile::Linear => way.straight(frames(way.length)),
        Profile::Bezier => way.bend(frames(way.length), &mut rng),
        Profile::WindMouse => way.blown(&mut rng),
    };
    let whole = duration(motion, way.length);
    let points = thinned(points, whole);
    let pause = (whole / points.len() as u32).max(FRAME);
    let last = points.len() - 1;
    let timed = points.into_iter().enumerate().map(|(index, point)| {
        let place = if index == last {
            to
        } else {
            within(point, size)
        };
        (pause, place)
    });
    timed.collect()
}

/// Returns how long a way takes.
fn duration(motion: &Motion, length: f64) -> Duration {
    if motion.duration.is_zero() {
        Duration::from_millis((1.5 * length).clamp(80.0, 300.0) as u64)
    } else {
        motion.duration
    }
}

fn frames(length: f64) -> usize {
    (length / 8.0).clamp(8.0, 16.0) as usize
}

/// Keeps as many points as there is time for.
fn thinned(points: Vec<(f64, f64)>, whole: Duration) -> Vec<(f64, f64)> {
    let most = (whole.as_millis() / FRAME.as_millis()).max(8) as usize;
    if points.len() <= most {
        return points;
    }
    let every = points.len() as f64 / most as f64;
    let kept = (1..=most).map(|n| points[((n as f64 * every) as usize - 1).min(points.len() - 1)]);
    kept.collect()
}

fn within((x, y): (f64, f64), (width, height): (u32, u32)) -> Point {
    let clamp = |at: f64, size: u32| at.round().clamp(0.0, f64::from(size.max(1) - 1)) as i32;
    Point {
        x: clamp(x, width),
        y: clamp(y, height),
    }
}

/// A straight line, and what can be made of it.
struct Way {
    from: (f64, f64),
    to: (f64, f64),
    length: f64,
}

impl Way {
    fn new(from: Point, to: Point) -> Self {
        let (from, to) = [from, to].map(|p| (f64::from(p.x), f64::from(p.y))).into();
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        Self { from, to, length }
    }

    /// Returns the point at `part` of the line, so far to its left.
    fn at(&self, part: f64, aside: f64) -> (f64, f64) {
        let (dx, dy) = (self.to.0 - self.from.0, self.to.1 - self.from.1);
        let (left_x, left_y) = (-dy / self.length, dx / self.length);
        (
            self.from.0 + dx * part + left_x * aside,
            self.from.1 + dy * part + left_y * aside,
        )
    }

    fn jump(&self, size: (u32, u32)) -> Vec<(Duration, Point)> {
        let part = (1.0 - NEAR / self.length).max(0.5);
        let places = [self.at(part, 0.0), self.to].map(|place| within(place, size));
        places.map(|place| (Duration::ZERO, place)).into()
    }

    fn straight(&self, frames: usize) -> Vec<(f64, f64)> {
        let parts = (1..=frames).map(|n| n as f64 / frames as f64);
        parts.map(|part| self.at(part, 0.0)).collect()
    }

    /// A quadratic curve with one control point beside the line.
    fn bend(&self, frames: usize, rng: &mut Rng) -> Vec<(f64, f64)> {
        let spread = 0.4 * self.length;
        let control = self.at(0.35 + 0.3 * rng.f64(), (2.0 * rng.f64() - 1.0) * spread);
        let moves = (1..=frames).map(|n| {
            let t = n as f64 / frames as f64;
            // Slow at both ends.
            let t = t * t * (3.0 - 2.0 * t);
            let curve = |from: f64, control: f64, to: f64| {
                (1.0 - t).powi(2) * from + 2.0 * t * (1.0 - t) * control + t * t * to
            };
            let (x, y) = (
                curve(self.from.0, control.0, self.to.0),
                curve(self.from.1, control.1, self.to.1),
            );
            let aside = gauss(rng) * 2.0 / 3.0;
            let (dx, dy) = (self.to.0 - self.from.0, self.to.1 - self.from.1);
            (x - dy / self.length * aside, y + dx / self.length * aside)
        });
        moves.collect()
    }

    /// The target pulls, the wind blows; close to the target the wind dies down.
    fn blown(&self, rng: &mut Rng) -> Vec<(f64, f64)> {
        const GRAVITY: f64 = 9.0;
        const WIND: f64 = 3.0;
        const DAMPED: f64 = 12.0;
        let mut step: f64 = 15.0;
        let (mut x, mut y) = self.from;
        let (mut speed, mut wind) = ((0.0, 0.0), (0.0, 0.0));
        let mut places = Vec::new();
        while places.len() < GUSTS {
            let (dx, dy) = (self.to.0 - x, self.to.1 - y);
            let left = dx.hypot(dy);
            if left < 1.0 {
                break;
            }
            let (calm, gust) = (3_f64.sqrt(), WIND.min(left) / 5_f64.sqrt());
            let mut blow = |wind: f64| {
                let gust = if left < DAMPED { 0.0 } else { gust };
                wind / calm + (2.0 * rng.f64() - 1.0) * gust
            };
            wind = (blow(wind.0), blow(wind.1));
            if left < DAMPED {
                step = if step < 3.0 {
                    3.0 + 3.0 * rng.f64()
                } else {
                    step / 5_f64.sqrt()
                };
            }
            speed.0 += wind.0 + GRAVITY * dx / left;
            speed.1 += wind.1 + GRAVITY * dy / left;
            let fast = f64::hypot(speed.0, speed.1);
            if fast > step {
                let clipped = step / 2.0 + rng.f64() * step / 2.0;
                speed = (speed.0 / fast * clipped, speed.1 / fast * clipped);
            }
            (x, y) = (x + speed.0, y + speed.1);
            places.push((x, y));
        }
        places.push(self.to);
        places
    }
}

/// Returns a number of the normal distribution.
fn gauss(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.f64()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: (u32, u32) = (1024, 768);

    fn motion(profile: Profile) -> Motion {
        Motion {
            profile,
            ..Motion::default()
        }
    }

    fn point(x: i32, y: i32) -> Point {
        Point { x, y }
    }

    fn whole(path: &[(Duration, Point)]) -> Duration {
        path.iter().map(|(pause, _)| *pause).sum()
    }

    fn profiles() -> impl Strategy<Value = Profile> {
        prop::sample::select(Profile::ALL.map(|(_, profile)| profile).to_vec())
    }

    proptest! {
        #[test]
        fn a_way_ends_exactly_on_its_target_and_never_leaves_the_screen(
            profile in profiles(),
            seed: u64,
            (ax, ay, bx, by) in (0..1024, 0..768, 0..1024, 0..768),
            millis in 0..3000_u64,
        ) {
            let motion = Motion { duration: Duration::from_millis(millis), ..motion(profile) };
            let ends = (point(ax, ay), point(bx, by));
            let way = path(&motion, seed, ends, SIZE);
            prop_assert_eq!(way.last().unwrap().1, ends.1);
            for (_, place) in &way {
                prop_assert!((0..1024).contains(&place.x) && (0..768).contains(&place.y));
            }
            // No slower than asked, but for what a screen needs for its frames.
            let least = duration(&motion, 0.0).max(Duration::from_millis(300));
            prop_assert!(whole(&way) <= least + FRAME, "{:?}", whole(&way));
            prop_assert_eq!(way, path(&motion, seed, ends, SIZE));
        }
    }

    #[test]
    fn the_time_grows_with_the_way_and_can_be_set() {
        let linear = motion(Profile::Linear);
        let time = |motion: &Motion, x| whole(&path(motion, 0, (point(0, 5), point(x, 5)), SIZE));
        // Eight moves, as fast as a screen shows them.
        assert_eq!(time(&linear, 10), Duration::from_millis(128));
        let long = time(&linear, 1000);
        assert!((296..=304).contains(&long.as_millis()), "{long:?}");
        let duration = Duration::from_millis(800);
        let set = Motion { duration, ..linear };
        assert_eq!(time(&set, 1000), duration);
    }

    #[test]
    fn a_jump_is_seen_coming() {
        let way = path(
            &motion(Profile::Instant),
            0,
            (point(0, 9), point(100, 9)),
            SIZE,
        );
        let expected = [point(96, 9), point(100, 9)].map(|place| (Duration::ZERO, place));
        assert_eq!(way, expected);
        let still = path(
            &motion(Profile::Bezier),
            0,
            (point(7, 7), point(7, 7)),
            SIZE,
        );
        assert_eq!(still, [(Duration::ZERO, point(7, 7))]);
    }

    #[test]
    fn a_straight_way_is_straight_and_a_bend_is_not() {
        let ends = (point(100, 100), point(900, 100));
        let heights = |profile, seed| {
            let way = path(&motion(profile), seed, ends, SIZE);
            let heights: Vec<i32> = way.iter().map(|(_, place)| place.y).collect();
            heights
        };
        assert_eq!(heights(Profile::Linear, 1), [100; 16]);
        for profile in [Profile::Bezier, Profile::WindMouse] {
            let (one, other) = (heights(profile, 1), heights(profile, 2));
            assert!(one.iter().any(|y| (y - 100).abs() > 2), "{one:?}");
            assert_ne!(one, other, "another seed gives another way");
        }
    }

    #[test]
    fn a_bend_is_slow_at_both_ends() {
        let ends = (point(0, 300), point(1000, 300));
        let way = path(&motion(Profile::Bezier), 3, ends, SIZE);
        let steps: Vec<i32> = way.windows(2).map(|two| two[1].1.x - two[0].1.x).collect();
        let middle = steps[steps.len() / 2];
        assert!(
            steps[0] * 2 < middle && steps[steps.len() - 1] * 2 < middle,
            "{steps:?}"
        );
    }
}
