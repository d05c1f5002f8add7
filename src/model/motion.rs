//! How the pointer goes from one place to another.

use std::time::Duration;

/// How the pointer goes from one place to another, and how long it rests there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Motion {
    /// The way it takes.
    pub profile: Profile,
    /// How long it takes; zero makes it as long as the way asks for.
    pub duration: Duration,
    /// How long it rests on its target before anything is pressed.
    pub dwell: Duration,
    /// What bends and trembling are drawn from; the time when missing.
    pub seed: Option<u64>,
}

/// The way a pointer takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// To a place close by, and on the target: what is there sees it come.
    #[default]
    Instant,
    /// Straight, at an even pace.
    Linear,
    /// In a bend, slowly at both ends, trembling.
    Bezier,
    /// As if pulled to the target and blown about.
    WindMouse,
}

impl Profile {
    /// Every profile, with the word used in files.
    pub const ALL: [(&str, Self); 4] = [
        ("instant", Self::Instant),
        ("linear", Self::Linear),
        ("bezier", Self::Bezier),
        ("windmouse", Self::WindMouse),
    ];
}
