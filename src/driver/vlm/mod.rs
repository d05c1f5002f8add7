//! Vision language models behind endpoints that speak as `OpenAI`'s chat does.
//!
//! A model is asked two things: whether a statement about a picture is true (`judging`), and where
//! something is (`locating`). What is not plainly answered is unclear, and never "no". Pictures are
//! sent in a size that the model takes as it is (`sizes`), and places come back in the numbers of its
//! family (`told`). Whether settings fit a model, `probe` finds out.
//!
//! Decides nothing about scenarios: a place is a proposal, a judgement an answer to one question.

mod asker;
mod budget;
mod cache;
mod control;
mod conversation;
mod endpoints;
mod fit;
mod health;
mod http;
mod judging;
mod limits;
mod locating;
mod log;
mod memory;
mod objects;
mod picture;
mod probe;
mod prompt;
mod roles;
mod said;
mod sizes;
mod told;
mod verdict;
mod vision;

pub use cache::{VlmCache, VlmCacheStats};
pub use fit::{Fit, FitUnit};
pub use limits::VlmLimits;
pub use picture::PAINT;
pub use probe::{ProbeReport, probe};
pub use prompt::VERSION as PROMPT_VERSION;
pub use vision::{Vlm, VlmConfig};
