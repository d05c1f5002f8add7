//! What happens to a simulated step: drawn from the seed and the step's own name, so that the
//! order in which steps run does not change what happens to each.

use crate::model::{ContentHash, Phase, SimSettings};
use std::time::Duration;

/// What is going to happen to one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Passes,
    Fails,
    Blocks,
    /// Is hit by a fault that passes.
    Stumbles,
    Panics,
}

/// Draws from one seed.
#[derive(Debug)]
pub(super) struct Chance<'a> {
    pub(super) settings: &'a SimSettings,
}

impl Chance<'_> {
    /// Returns what happens to an attempt at the step that `name` and `inputs` stand for.
    pub(super) fn fate(&self, name: &str, inputs: &str, phase: Phase, attempt: u32) -> Fate {
        let settings = self.settings;
        let draw =
            |what: &str, attempt: u32| self.draw(&format!("{what} {name} {inputs} {attempt}"));
        if draw("panic", attempt) < settings.panic_rate {
            Fate::Panics
        } else if draw("stumble", attempt) < settings.transient_rate {
            Fate::Stumbles
        } else if draw("block", 0) < settings.block_rate {
            Fate::Blocks
        } else if phase == Phase::Exercise
            && (draw("fail", 0) < settings.fail_rate
                || draw("flake", attempt) < settings.flake_rate)
        {
            Fate::Fails
        } else {
            Fate::Passes
        }
    }

    /// Returns how long an attempt takes.
    pub(super) fn duration(&self, name: &str, phase: Phase, attempt: u32) -> Duration {
        let range = self.settings.durations.get(&phase);
        let (least, most) = range.copied().unwrap_or_default();
        let spread = most.saturating_sub(least);
        least + spread.mul_f64(self.draw(&format!("time {name} {attempt}")))
    }

    /// Whether a machine keeps silent when it is looked at.
    pub(super) fn is_silent(&self, machine: &str) -> bool {
        self.draw(&format!("silence {machine}")) < self.settings.unknown_rate
    }

    /// Returns a number from 0 up to 1 that depends on the seed and `what` alone.
    fn draw(&self, what: &str) -> f64 {
        let digest = ContentHash::of(format!("{} {what}", self.settings.seed).as_bytes());
        let number = digest.as_bytes()[..4]
            .iter()
            .fold(0, |n, b| n << 8 | u32::from(*b));
        f64::from(number) / (f64::from(u32::MAX) + 1.0)
    }
}
