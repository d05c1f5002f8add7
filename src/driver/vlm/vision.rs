//! The port made real: settings become models with roles, questions are answered.

use super::{
    asker::{Asker, Question, Trail},
    budget::Budget,
    cache::VlmCache,
    endpoints::Endpoints,
    http::{Address, Http},
    judging,
    limits::VlmLimits,
    locating,
    log::QuestionLog,
    memory::Memory,
    picture::Shown,
    prompt,
    roles::{Judge, Pointer},
};
use crate::{
    model::{Asked, Judged, Located, Secret, Secrets, VlmSettings},
    port::{Clock, View, Vision, VisionError},
};
use async_trait::async_trait;
use std::{path::PathBuf, sync::Arc};
use tokio::sync::OnceCell;

/// How much a model may write in its own words.
const MAX_TOKENS: u32 = 1024;

/// What is said of an area that is not on the screen.
const NOTHING: &str = "nothing of the area is on the screen";

/// All that is needed to ask.
#[derive(Clone, Debug)]
pub struct VlmConfig {
    /// What the user wants, with what the environment says in its place.
    pub settings: VlmSettings,
    /// The key to all endpoints, when there is one.
    pub key: Option<Secret>,
    /// Words that must not leave this computer.
    pub secrets: Vec<Secret>,
    /// Where answers are remembered.
    pub cache_dir: PathBuf,
    /// Where questions are written down.
    pub log: PathBuf,
    /// Tells how old answers are.
    pub clock: Arc<dyn Clock>,
    /// How long and how often is tried.
    pub limits: VlmLimits,
}

/// Vision models behind endpoints that speak as `OpenAI`'s does. Settings that make no sense are told
/// by the first question, and so only to those who ask one.
#[derive(Debug)]
pub struct Vlm {
    inner: Result<Inner, String>,
    /// What the model says wrongly of a picture that is known, once it was asked.
    pub(super) lie: OnceCell<Option<String>>,
}

/// What answers when the settings make sense.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) asker: Asker,
    pub(super) memory: Memory,
    pub(super) pointer: Result<Pointer, String>,
    pub(super) judge: Result<Judge, String>,
    pub(super) has_zoom: bool,
    pub(super) has_control: bool,
}

impl Vlm {
    /// Prepares for questions; nothing is sent.
    pub fn new(config: VlmConfig) -> Self {
        Self {
            inner: Inner::new(config),
            lie: OnceCell::new(),
        }
    }

    /// One that answers nothing, because of this.
    pub fn unusable(why: String) -> Self {
        Self {
            inner: Err(why),
            lie: OnceCell::new(),
        }
    }

    pub(super) fn inner(&self) -> Result<&Inner, VisionError> {
        self.inner.as_ref().map_err(unusable)
    }
}

#[async_trait]
impl Vision for Vlm {
    async fn locate(&self, view: &View<'_>, phrase: &str) -> Result<Located, VisionError> {
        let inner = self.inner()?;
        match Shown::of(view) {
            Some(shown) => inner.locate(&shown, view.sample, phrase).await,
            None => Ok(locating::unclear(NOTHING.into(), Asked::default())),
        }
    }

    async fn judge(&self, view: &View<'_>, statement: &str) -> Result<Judged, VisionError> {
        let inner = self.inner()?;
        match Shown::of(view) {
            Some(shown) => {
                let judged = inner.judge(&shown, view.sample, statement).await?;
                self.believed(inner, judged).await
            }
            None => Ok(judging::unclear(NOTHING.into(), Asked::default())),
        }
    }

    async fn ask(&self, view: &View<'_>, text: &str) -> Result<String, VisionError> {
        let inner = self.inner()?;
        let judge = inner.judge.as_ref().map_err(unusable)?;
        let shown = Shown::of(view).ok_or_else(|| unusable(NOTHING))?;
        let sent = shown.sent(judge.sizes.next_to(shown.width(), shown.height()));
        let question = Question {
            kind: "ask",
            model: &judge.model,
            prompt: &prompt::free(text),
            shown: &shown,
            sent: &sent,
            sample: view.sample,
            max_tokens: MAX_TOKENS,
        };
        let mut trail = Trail::of(&judge.model);
        let said = inner.asker.ask(question, &mut trail).await?;
        if said.text.is_empty() {
            let (model, raw) = (judge.model.clone(), said.raw);
            return Err(VisionError::Malformed { model, raw });
        }
        Ok(inner.asker.secrets.mask(&said.text))
    }
}

impl Inner {
    pub(super) fn new(config: VlmConfig) -> Result<Self, String> {
        let settings = config.settings;
        if settings.endpoints.is_empty() {
            return Err("`[vlm]` has no `base_url`, and `VLM_BASE_URL` is not set".into());
        }
        let addresses = settings.endpoints.iter().map(|text| Address::parse(text));
        let addresses = addresses.collect::<Result<Vec<_>, _>>()?;
        let shown = addresses.iter().map(|address| address.shown.clone());
        let memory = Memory {
            cache: settings
                .cache
                .then(|| VlmCache::open(config.cache_dir, settings.cache_ttl)),
            clock: Arc::clone(&config.clock),
            endpoints: shown.collect(),
        };
        let http = Http::new(&addresses, config.limits.connect, Arc::clone(&config.clock))?;
        let mut secrets = config.secrets;
        secrets.extend(config.key.clone());
        let expected = settings.expected_model.clone();
        let asker = Asker {
            endpoints: Endpoints::new(http, addresses, config.key, expected, config.limits),
            budget: Budget::of(settings.budget),
            log: QuestionLog::new(config.log, config.clock),
            secrets: Secrets::new(secrets),
            max_tokens_floor: settings.max_tokens_floor,
            is_offline: settings.offline,
        };
        Ok(Self {
            pointer: Pointer::of(&settings),
            judge: Judge::of(&settings),
            has_zoom: settings.zoom,
            has_control: settings.control,
            asker,
            memory,
        })
    }
}

/// Returns the error of settings that make no sense.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is mapped over errors that are borrowed"
)]
pub(super) fn unusable(why: impl ToString) -> VisionError {
    let why = why.to_string();
    VisionError::Unusable { why }
}
