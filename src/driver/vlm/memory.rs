//! What was asked before: the cache, with everything that an answer of this driver hangs on.

use super::{
    asker::Trail,
    cache::{Identity, Kept, Remembered, VlmCache},
    log::{Line, QuestionLog},
    picture::Shown,
    prompt,
};
use crate::{model::Asked, port::Clock};
use std::sync::Arc;

/// What was asked before.
#[derive(Debug)]
pub(super) struct Memory {
    /// Nothing is remembered without one.
    pub(super) cache: Option<VlmCache>,
    pub(super) clock: Arc<dyn Clock>,
    /// Where answers come from.
    pub(super) endpoints: Vec<String>,
}

/// A question, as far as its answer hangs on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Topic<'a> {
    pub(super) kind: &'static str,
    pub(super) shown: &'a Shown,
    /// Without secrets.
    pub(super) text: &'a str,
    pub(super) sample: u32,
    pub(super) models: &'a [&'a str],
    /// Sizes, convention and whatever else was chosen.
    pub(super) parameters: &'a str,
}

impl Memory {
    /// Looks an answer up, and writes into the log that it was there.
    pub(super) fn recall(&self, topic: Topic<'_>, log: &QuestionLog) -> Option<(Kept, Asked)> {
        let cache = self.cache.as_ref()?;
        let found = cache.recall(&self.identity(topic), self.clock.now())?;
        let model = topic.models.first().copied().unwrap_or_default();
        log.note(&Line {
            kind: topic.kind,
            model,
            endpoint: "",
            question: topic.text,
            picture: topic.shown.digest(),
            sent: None,
            sample: topic.sample,
            prompt_version: prompt::VERSION,
            is_cached: true,
            duration_ms: 0,
            answer: &found.raw,
            error: "",
        });
        let asked = Asked {
            model: model.into(),
            raw: found.raw,
            latency: found.latency,
            is_cached: true,
        };
        Some((found.kept, asked))
    }

    /// Keeps an answer. One that cannot be kept is asked for again, which is no worse than slow.
    pub(super) fn keep(&self, topic: Topic<'_>, kept: Kept, trail: &Trail) {
        let Some(cache) = &self.cache else { return };
        let remembered = Remembered {
            kept,
            raw: trail.raws.join("\n"),
            latency: trail.latency,
        };
        let done = cache.keep(&self.identity(topic), self.clock.now(), remembered);
        if let Err(error) = done {
            tracing::warn!(%error, "an answer of the vision model could not be kept");
        }
    }

    fn identity(&self, topic: Topic<'_>) -> Identity {
        Identity {
            kind: topic.kind.into(),
            pixels: topic.shown.digest(),
            prompt_version: prompt::VERSION,
            models: topic.models.iter().map(|&model| model.into()).collect(),
            endpoints: self.endpoints.clone(),
            parameters: format!("{} sample {}", topic.parameters, topic.sample),
            question: topic.text.into(),
        }
    }
}
