//! Videos of a run: one for each attempt at a cell of which pictures were kept.

use super::{
    arguments::{ReportArguments, VideoFormat},
    error::CliError,
    exit::Ended,
    settings::Settings,
};
use crate::{
    driver::{
        disk::{self, DiskFiles},
        video::{self, Container},
    },
    model::{ContentHash, Files as _},
    report::{RunView, reel},
};
use std::path::Path;

impl From<VideoFormat> for Container {
    fn from(format: VideoFormat) -> Self {
        match format {
            VideoFormat::Mp4 => Self::Mp4,
            VideoFormat::Webm => Self::Webm,
        }
    }
}

/// Writes the videos that were asked for into `folder`, and says where they are. `dir` is the run's
/// folder.
pub(super) fn write(
    settings: &Settings,
    view: &RunView,
    dir: &Path,
    folder: &Path,
    typed: &ReportArguments,
) -> Result<Ended, CliError> {
    let container = Container::from(typed.video_format);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build()?;
    let digest = |file: &str| {
        let bytes = DiskFiles.read(&dir.join(file)).ok()?;
        Some(ContentHash::of(&bytes))
    };
    let is_missing = |file: &str| digest(file).is_none();
    let is_same = |one: &str, other: &str| digest(one) == digest(other);
    // In the list of pictures that `ffmpeg` reads, a path counts from where the list lies.
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.into());
    let part = typed.cell.as_deref().unwrap_or_default();
    let mut written = Vec::new();
    for step in view.cells().filter(|step| step.key.as_str().contains(part)) {
        for attempt in &step.attempts {
            let shots = reel::of(attempt, &is_missing, &is_same);
            if shots.is_empty() {
                continue;
            }
            let shots = shots
                .into_iter()
                .map(|shot| (dir.join(shot.file), shot.held));
            let shots: Vec<_> = shots.collect();
            let name = disk::file_name(step.key.as_str());
            let (number, ending) = (attempt.number, container.ending());
            let to = folder.join(format!("{name}-{number}.{ending}"));
            let making = video::write(&shots, container, &to, &settings.environment);
            runtime.block_on(making)?;
            written.push(to);
        }
    }
    if written.is_empty() {
        return Err(CliError::Usage(
            "no video was made: no picture was kept of what was asked for".into(),
        ));
    }
    settings.face.result(|out| {
        let mut all = written.iter();
        all.try_for_each(|path| writeln!(out, "{}", path.display()))
    })
}
