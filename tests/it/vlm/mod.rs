//! Vision models, against one that really looks at what it is sent: see `server`.

mod asking;
mod commands;
mod control;
mod failing;
pub(crate) mod looking;
mod probing;
mod remembering;
pub(crate) mod server;

use looking::{desktop, rect};
use mosdat::{
    driver::{
        disk::SystemClock,
        vlm::{Vlm, VlmConfig, VlmLimits},
    },
    model::{Answer, Frame, Judged, Located, Secret, Spot, VlmSettings},
    port::{View, Vision as _, VisionError},
};
use server::{Colour, Model, Server};
use std::{fs, path::Path, sync::Arc, time::Duration};

pub(crate) const RED: Colour = [220, 30, 30];
pub(crate) const GREEN: Colour = [30, 160, 60];
pub(crate) const BLUE: Colour = [30, 60, 220];

/// A thing that all models here know.
const BUTTON: &str = "the red button in the toolbar";
/// A statement that all of them can judge.
const SHOWN: &str = "a red button is shown";

/// A vision driver with a folder of its own.
#[derive(Debug)]
struct World {
    vlm: Vlm,
    dir: tempfile::TempDir,
}

fn model(name: &str) -> Model {
    Model::named(name).thing(BUTTON, RED).shows(SHOWN, RED)
}

fn settings(servers: &[&Server], model: &str) -> VlmSettings {
    VlmSettings {
        endpoints: servers.iter().map(|server| server.url()).collect(),
        model: Some(model.into()),
        // Most tests count the questions that they ask themselves.
        control: false,
        ..VlmSettings::default()
    }
}

fn limits() -> VlmLimits {
    VlmLimits {
        pause: Duration::from_millis(1),
        ..VlmLimits::usual(Duration::from_secs(20))
    }
}

fn config(settings: VlmSettings, dir: &Path) -> VlmConfig {
    VlmConfig {
        settings,
        key: None,
        secrets: vec![Secret::new("hunter2")],
        cache_dir: dir.join("cache/vlm"),
        log: dir.join("logs/vlm.jsonl"),
        clock: Arc::new(SystemClock),
        limits: limits(),
    }
}

impl World {
    fn new(settings: VlmSettings) -> Self {
        Self::with(settings, |_| {})
    }

    fn with(settings: VlmSettings, change: impl FnOnce(&mut VlmConfig)) -> Self {
        Self::in_folder(settings, change, tempfile::tempdir().unwrap())
    }

    fn in_folder(
        settings: VlmSettings,
        change: impl FnOnce(&mut VlmConfig),
        dir: tempfile::TempDir,
    ) -> Self {
        let mut config = config(settings, dir.path());
        change(&mut config);
        let vlm = Vlm::new(config);
        Self { vlm, dir }
    }

    /// The next process in the same folder.
    fn again(self, settings: VlmSettings) -> Self {
        Self::in_folder(settings, |_| {}, self.dir)
    }

    async fn locate(&self, view: &View<'_>) -> Result<Located, VisionError> {
        self.vlm.locate(view, BUTTON).await
    }

    async fn judge(&self, view: &View<'_>) -> Result<Judged, VisionError> {
        self.vlm.judge(view, SHOWN).await
    }

    async fn answer(&self, frame: &Frame) -> Answer {
        self.judge(&View::of(frame)).await.unwrap().answer
    }

    async fn spot(&self, frame: &Frame) -> Spot {
        self.locate(&View::of(frame)).await.unwrap().spot
    }

    fn log(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.dir.path().join("logs/vlm.jsonl")).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    }
}

/// A desktop with a red button.
fn with_button() -> Frame {
    desktop(320, 240, &[(RED, rect(200, 60, 24, 16))])
}

/// A desktop without.
fn without_button() -> Frame {
    desktop(320, 240, &[(BLUE, rect(10, 10, 30, 30))])
}
