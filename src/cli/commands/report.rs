//! `mosdat report`: writes the reports of a finished run anew, from its events.

use crate::{
    cli::{
        arguments::ReportArguments, error::CliError, exit::Ended, face, settings::Settings, video,
        workplace::Workplace,
    },
    driver::disk::{self, DiskFiles},
    model::{Event, Files as _, Secrets},
    report::{self, RunView},
};
use std::path::Path;

pub(in crate::cli) fn run(settings: &Settings, typed: &ReportArguments) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    let runs = disk::runs(&place.runs_dir());
    let wanted = |name: &str| typed.run.as_deref().is_none_or(|run| run == name);
    let found = runs.iter().rev().find(|(id, _)| wanted(id.as_str()));
    let (_, dir) = found.ok_or_else(|| {
        CliError::Usage(match &typed.run {
            Some(run) => format!("there is no run `{run}`; `mosdat state log` lists them"),
            None => "there is no run yet".into(),
        })
    })?;
    let events = disk::read_events(dir)?;
    let view = replay(&events);
    if let Some(path) = &typed.html {
        face::write_file(path, html(&view, dir).as_bytes())?;
    }
    if let Some(path) = &typed.junit {
        face::write_file(path, report::junit::write(&view).as_bytes())?;
    }
    if let Some(path) = &typed.events {
        let secrets = Secrets::new(place.known_secrets());
        let text = report::older::write(&events, &secrets);
        face::write_file(path, text.as_bytes())?;
    }
    let markdown = report::markdown::write(&view);
    if let Some(path) = &typed.markdown {
        face::write_file(path, markdown.as_bytes())?;
    }
    // Last, so that whatever comes of videos the rest is there.
    if let Some(folder) = &typed.video {
        return video::write(settings, &view, dir, folder, typed);
    }
    let named = [&typed.html, &typed.junit, &typed.markdown, &typed.events];
    if named.into_iter().all(Option::is_none) {
        return settings.face.result(|out| write!(out, "{markdown}"));
    }
    Ok(Ended::GOOD)
}

/// Adds events up. A stream that has ended without saying so was broken off.
pub(super) fn replay(events: &[Event]) -> RunView {
    let mut view = RunView::replay(events);
    view.stream_ended();
    view
}

/// Writes the page of a run, with the pictures from its folder.
pub(super) fn html(view: &RunView, dir: &Path) -> String {
    report::html::write(view, &|file| DiskFiles.read(&dir.join(file)).ok())
}
