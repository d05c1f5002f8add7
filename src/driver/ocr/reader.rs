//! Readers of screens: by models where there are some, by the program `tesseract` where there are
//! none.

use super::{
    engine::{Engine, Runs},
    memory::Memory,
    models,
    network::NetworkError,
    tesseract::Tesseract,
};
use crate::{
    model::{Frame, Reading, Rect},
    port::{Reader, ReaderError, Readers, with_causes},
};
use async_trait::async_trait;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    sync::{Mutex, OnceCell},
    task::spawn_blocking,
};

/// What readers by models call themselves.
const MODELS: &str = "PP-OCRv6";

/// Where readers find what they read with.
#[derive(Clone, Debug, Default)]
pub struct TextReadersConfig {
    /// The folders in which models may lie. The first that has them is used.
    pub models: Vec<PathBuf>,
    /// The environment, whose `PATH` may lead to the program `tesseract`.
    pub environment: BTreeMap<String, String>,
}

/// Makes readers. What they read with is looked for when something has to be read, once for all.
#[derive(Debug)]
pub struct TextReaders(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: TextReadersConfig,
    means: OnceCell<Means>,
}

/// What is read with.
#[derive(Clone, Debug)]
enum Means {
    Models(Arc<Engine>),
    Program(Arc<Tesseract>),
}

impl TextReaders {
    /// Makes readers that have looked for nothing yet.
    pub fn new(config: TextReadersConfig) -> Self {
        Self(Arc::new(Shared {
            config,
            means: OnceCell::new(),
        }))
    }

    /// How often models were run so far, for all screens.
    pub fn runs(&self) -> Runs {
        match self.0.means.get() {
            Some(Means::Models(engine)) => engine.runs(),
            Some(Means::Program(_)) | None => Runs::default(),
        }
    }
}

impl Readers for TextReaders {
    fn open(&self) -> Arc<dyn Reader> {
        Arc::new(TextReader {
            shared: Arc::clone(&self.0),
            memory: Arc::default(),
            answered: Mutex::default(),
        })
    }
}

impl Shared {
    async fn means(&self) -> Result<Means, ReaderError> {
        self.means.get_or_try_init(|| self.find()).await.cloned()
    }

    async fn find(&self) -> Result<Means, ReaderError> {
        if let Some(folder) = models::find_models(&self.config.models) {
            let folder = folder.to_owned();
            let loaded = spawn_blocking(move || models::load(&folder)).await;
            let loaded = loaded.map_err(|err| ReaderError::Failed(err.to_string()))?;
            // Reading by another program instead would hide that the models are broken.
            let engine = loaded.map_err(|err| ReaderError::Missing {
                why: format!("{}; {INSTALL}", with_causes(&err)),
            })?;
            return Ok(Means::Models(Arc::new(engine)));
        }
        if let Some(tesseract) = Tesseract::find(&self.config.environment) {
            return Ok(Means::Program(Arc::new(tesseract)));
        }
        let folders = self.config.models.iter();
        let folders: Vec<String> = folders
            .map(|folder| format!("`{}`", folder.display()))
            .collect();
        let folders = folders.join(" or ");
        Err(ReaderError::Missing {
            why: format!("no models are in {folders}, and no `tesseract` is in PATH; {INSTALL}"),
        })
    }
}

/// What to do about missing models.
const INSTALL: &str = "`scripts/ocr-models.sh FOLDER` of mosdat fetches the models (docs/text.md)";

/// Reads one screen.
#[derive(Debug)]
struct TextReader {
    shared: Arc<Shared>,
    memory: Arc<Mutex<Remembered>>,
    /// What the program said last, and about what.
    answered: Mutex<Option<Answered>>,
}

#[derive(Debug)]
struct Answered {
    frame: Frame,
    area: Option<Rect>,
    reading: Reading,
}

impl Answered {
    fn is_about(&self, frame: &Frame, area: Option<Rect>) -> bool {
        let size = |frame: &Frame| (frame.width, frame.height);
        self.area == area && size(&self.frame) == size(frame) && self.frame.rgba == frame.rgba
    }
}

#[derive(Default)]
struct Remembered(Memory);

impl std::fmt::Debug for Remembered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

#[async_trait]
impl Reader for TextReader {
    async fn read(&self, frame: &Frame, area: Option<Rect>) -> Result<Reading, ReaderError> {
        match self.shared.means().await? {
            Means::Models(engine) => self.read_by_models(engine, frame.clone(), area).await,
            Means::Program(program) => {
                let mut answered = self.answered.lock().await;
                if let Some(last) = answered.as_ref().filter(|last| last.is_about(frame, area)) {
                    return Ok(last.reading.clone());
                }
                let reading = program.read(frame, area).await?;
                *answered = Some(Answered {
                    frame: frame.clone(),
                    area,
                    reading: reading.clone(),
                });
                Ok(reading)
            }
        }
    }
}

impl TextReader {
    async fn read_by_models(
        &self,
        engine: Arc<Engine>,
        frame: Frame,
        area: Option<Rect>,
    ) -> Result<Reading, ReaderError> {
        let mut memory = Arc::clone(&self.memory).lock_owned().await;
        let given_up = GiveUp::default();
        let is_given_up = Arc::clone(&given_up.0);
        let work = move || memory.0.read(&engine, &frame, area, &is_given_up);
        let lines = spawn_blocking(work).await;
        let lines = lines.map_err(|err| ReaderError::Failed(err.to_string()))?;
        let lines = lines.map_err(|err: NetworkError| ReaderError::Failed(err.to_string()))?;
        Ok(Reading {
            lines,
            engine: MODELS.into(),
        })
    }
}

/// Tells those who work for somebody that he does not wait any more.
#[derive(Default)]
struct GiveUp(Arc<AtomicBool>);

impl Drop for GiveUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
