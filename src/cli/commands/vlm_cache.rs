//! `mosdat vlm-cache`: what vision models have answered.

use crate::{
    cli::{
        arguments::{VlmCacheArguments, VlmCacheCommand},
        error::CliError,
        exit::Ended,
        settings::Settings,
        view::json::FORMAT_VERSION,
        workplace::Workplace,
    },
    driver::{disk::SystemClock, vlm::VlmCacheStats},
    port::Clock as _,
};
use serde_json::json;
use std::time::Duration;

pub(in crate::cli) fn run(settings: &Settings, typed: &VlmCacheCommand) -> Result<Ended, CliError> {
    match typed {
        VlmCacheCommand::Stats(typed) => stats(settings, typed),
        VlmCacheCommand::Prune { common, older_than } => prune(settings, common, *older_than),
        VlmCacheCommand::Clear(typed) => {
            let place = Workplace::open(settings, typed.file.file.as_deref())?;
            let cache = place.vlm_cache();
            removed(settings, typed, cache.clear().map_err(failed("clear"))?)
        }
    }
}

fn stats(settings: &Settings, typed: &VlmCacheArguments) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    let stats = place.vlm_cache().stats(SystemClock.now());
    let stats = stats.map_err(failed("read"))?;
    settings.face.result(|out| {
        if typed.json {
            let mut document = serde_json::to_value(stats)?;
            document["format_version"] = json!(FORMAT_VERSION);
            return writeln!(out, "{document}");
        }
        let VlmCacheStats {
            entries,
            judgements,
            places,
            stale,
            bytes,
            hits,
            misses,
        } = stats;
        writeln!(
            out,
            "{entries} answers ({judgements} judgements, {places} places), {bytes} bytes, {stale} \
             too old to be used"
        )?;
        writeln!(
            out,
            "{hits} questions were answered from here, {misses} were not"
        )
    })
}

fn prune(settings: &Settings, typed: &VlmCacheArguments, age: Duration) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    let pruned = place.vlm_cache().prune(SystemClock.now(), age);
    removed(settings, typed, pruned.map_err(failed("prune"))?)
}

fn removed(
    settings: &Settings,
    typed: &VlmCacheArguments,
    count: usize,
) -> Result<Ended, CliError> {
    settings.face.result(|out| {
        if typed.json {
            let document = json!({"format_version": FORMAT_VERSION, "removed": count});
            return writeln!(out, "{document}");
        }
        writeln!(out, "forgot {count} answers")
    })
}

fn failed(what: &'static str) -> impl Fn(std::io::Error) -> CliError {
    move |source| CliError::VlmCache { what, source }
}
