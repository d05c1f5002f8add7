//! Asking one question and hearing the answer: counted, masked, and written down. Does not know
//! what answers mean.

use super::{
    budget::Budget,
    conversation::Conversation,
    endpoints::Endpoints,
    log::{Line, QuestionLog},
    picture::{Sent, Shown},
    prompt::{self, Prompt},
    said::Said,
};
use crate::{
    model::{Asked, Secrets},
    port::VisionError,
};
use std::time::Duration;
use tokio::time::Instant;

/// Asks.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) endpoints: Endpoints,
    pub(super) budget: Budget,
    pub(super) log: QuestionLog,
    pub(super) secrets: Secrets,
    pub(super) max_tokens_floor: u32,
    pub(super) is_offline: bool,
}

/// One question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// `judge`, `locate`, `closer`, `ask`.
    pub(super) kind: &'static str,
    pub(super) model: &'a str,
    pub(super) prompt: &'a Prompt,
    pub(super) shown: &'a Shown,
    pub(super) sent: &'a Sent,
    pub(super) sample: u32,
    pub(super) max_tokens: u32,
}

/// What was written so far on the way to an answer, and how long that took.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail {
    pub(super) model: String,
    pub(super) raws: Vec<String>,
    pub(super) latency: Duration,
}

impl Trail {
    pub(super) fn of(model: &str) -> Self {
        Self {
            model: model.into(),
            ..Self::default()
        }
    }

    pub(super) fn asked(self) -> Asked {
        Asked {
            model: self.model,
            raw: self.raws.join("\n"),
            latency: self.latency,
            is_cached: false,
        }
    }
}

impl Asker {
    /// Asks, once more when what comes back is no answer at all.
    pub(super) async fn ask(
        &self,
        question: Question<'_>,
        trail: &mut Trail,
    ) -> Result<Said, VisionError> {
        match self.ask_once(question, trail).await {
            Err(VisionError::Malformed { .. }) => self.ask_once(question, trail).await,
            done => done,
        }
    }

    async fn ask_once(
        &self,
        question: Question<'_>,
        trail: &mut Trail,
    ) -> Result<Said, VisionError> {
        if self.is_offline {
            return Err(VisionError::Offline);
        }
        self.budget.spend()?;
        let masked = Prompt {
            text: self.secrets.mask(&question.prompt.text),
            form: question.prompt.form.clone(),
        };
        let conversation = Conversation {
            model: question.model,
            prompt: &masked,
            picture: question.sent,
            sample: question.sample,
            max_tokens: question.max_tokens.max(self.max_tokens_floor),
        };
        let began = Instant::now();
        let answered = self.endpoints.ask(&conversation).await;
        let took = began.elapsed();
        trail.latency += took;
        let (endpoint, said) = match answered {
            Ok(answered) => (answered.endpoint, self.read(question.model, &answered.body)),
            Err(error) => (String::new(), Err(error)),
        };
        let error = said.as_ref().err().map(ToString::to_string);
        self.log.note(&Line {
            kind: question.kind,
            model: question.model,
            endpoint: &endpoint,
            question: &masked.text,
            picture: question.shown.digest(),
            sent: Some((question.sent.width, question.sent.height)),
            sample: question.sample,
            prompt_version: prompt::VERSION,
            is_cached: false,
            duration_ms: took.as_millis() as u64,
            answer: said.as_ref().map_or("", |said| &said.raw),
            error: error.as_deref().unwrap_or_default(),
        });
        let said = said?;
        trail.raws.push(said.raw.clone());
        Ok(said)
    }

    fn read(&self, model: &str, body: &[u8]) -> Result<Said, VisionError> {
        let said = Said::read(body).map_err(|raw| VisionError::Malformed {
            model: model.into(),
            raw: self.secrets.mask(&raw),
        })?;
        // Models repeat what they have read on the screen.
        Ok(Said {
            raw: self.secrets.mask(&said.raw),
            text: said.text,
        })
    }
}
