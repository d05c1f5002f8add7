//! Declarative test matrices for desktop apps: say what should hold, see the plan, apply it.
//!
//! Read the modules in this order. Each may import only from lower levels, or, where
//! `tests/it/layers.rs` says so, from its own:
//!
//! 0. [`model`]: the nouns. Plain data, no input or output.
//! 1. [`config`] and [`scenario`]: what people write, made into nouns. [`plan`]: every choice.
//!    [`judge`]: pictures against expectations. All pure. [`port`]: what mosdat asks of the
//!    outside world, as traits.
//! 2. [`run`]: carries out an approved plan through the ports. [`driver`]: the ports made real.
//!    [`report`]: what people and pipelines read.
//! 3. [`cli`]: the face. The only place that knows which driver is behind which port.

pub mod model;

pub mod config;
pub mod judge;
pub mod plan;
pub mod port;
pub mod scenario;

pub mod driver;
pub mod report;
pub mod run;

pub mod cli;
