//! Makes images: stage by stage, each of which is finished as a whole and found again by the next
//! attempt, whenever the one before was broken off.

use super::{
    disk,
    error::{MakeError, Stage},
    packages,
    progress::Progress,
    recipe::Recipe,
    root,
    store::ImageStore,
    tool::{self, Tools},
    work::Work,
};
use crate::{
    model::{Image, Timestamp},
    port::{Clock, ImageError},
};
use std::{collections::BTreeMap, sync::Arc};
use tokio_util::sync::CancellationToken;

/// Receives what happens.
pub(super) type Report<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// Makes images on this computer.
#[derive(Debug)]
pub struct ImageMaker {
    store: ImageStore,
    environment: BTreeMap<String, String>,
    clock: Arc<dyn Clock>,
}

/// What is to be made.
#[derive(Clone, Debug)]
pub struct ImageRequest {
    /// What it is going to be called.
    pub name: String,
    /// What it is made of.
    pub recipe: Recipe,
    /// Where packages come from: an address, or a line of apt's sources. This computer's own mirror
    /// when missing, or else the usual one.
    pub mirror: Option<String>,
    /// Whether it is made although there is one by this recipe already, from nothing.
    pub anew: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// It was there already.
    WasThere(Image),
    /// It was made just now.
    New(Image),
}

impl ImageMaker {
    /// Returns what makes images for `store`. Of `environment`, programs are given what says how
    /// the network is reached.
    pub fn new(
        store: ImageStore,
        environment: BTreeMap<String, String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            environment,
            clock,
        }
    }

    /// Makes an image, unless it is there. Goes on where an earlier attempt was broken off. When
    /// `stop` is cancelled, everything that was started is ended, and what was finished is kept.
    pub async fn make(
        &self,
        request: &ImageRequest,
        stop: &CancellationToken,
        report: Report<'_>,
    ) -> Result<Made, MakeError> {
        if let Some(image) = self.there(request)? {
            return Ok(Made::WasThere(image));
        }
        check_architecture()?;
        self.check_programs(|_| true)?;
        let work = Work::open(&self.store, &request.name)?;
        // Somebody else may have made it while this one waited to be the only one.
        if let Some(image) = self.there(request)? {
            return Ok(Made::WasThere(image));
        }
        self.store.sweep()?;
        work.end_left().await;
        let tools = self.tools(&work, stop)?;
        let image = self.go_through(request, &work, &tools, report).await?;
        work.finish(&tools).await?;
        Ok(Made::New(image))
    }

    pub(super) fn check_programs(&self, is_needed: impl Fn(&str) -> bool) -> Result<(), MakeError> {
        tool::check_programs(&self.environment, is_needed)
    }

    pub(super) fn tools(&self, work: &Work, stop: &CancellationToken) -> Result<Tools, ImageError> {
        let log = work.path("log");
        Tools::new(&self.environment, work.marker(), log, stop.clone())
    }

    pub(super) fn store(&self) -> &ImageStore {
        &self.store
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns the image when there is one by the same recipe. One that a newer recipe has replaced
    /// is taken again.
    fn there(&self, request: &ImageRequest) -> Result<Option<Image>, ImageError> {
        if request.anew {
            return Ok(None);
        }
        let recipe = request.recipe.digest();
        if let Ok(Some((manifest, dir))) = self.store.current(&request.name)
            && manifest.recipe == Some(recipe)
        {
            return Ok(Some(manifest.image(&dir)));
        }
        let Some((manifest, dir)) = self.store.made_by(&request.name, recipe) else {
            return Ok(None);
        };
        self.store.point(&manifest, &dir).map(Some)
    }

    async fn go_through(
        &self,
        request: &ImageRequest,
        work: &Work,
        tools: &Tools,
        report: Report<'_>,
    ) -> Result<Image, MakeError> {
        let recipe = &request.recipe;
        let sources = packages::sources(recipe, request.mirror.as_deref(), work, tools).await?;
        let key = disk::key(recipe, &sources);
        work.keep_only(key, request.anew, tools).await?;
        if !work.path("image").exists() {
            packages::fetch(recipe, &sources, work, tools, report).await?;
            root::make(recipe, work, tools, report).await?;
        }
        let now = self.clock.now();
        let manifest = disk::make(&request.name, recipe, now, work, tools, report).await?;
        tools.check_stop()?;
        report(Progress::Began(Stage::Image));
        Ok(self.store.take_in(&manifest, &work.path("image"))?)
    }
}

/// Guests are what this computer is.
fn check_architecture() -> Result<(), MakeError> {
    let name = rustix::system::uname();
    let machine = name.machine().to_string_lossy();
    if machine == "x86_64" {
        return Ok(());
    }
    Err(MakeError::Architecture(machine.into_owned()))
}
