//! `mosdat vlm probe`: whether the vision model is fit for what scenarios ask. Remembers nothing.

use crate::{
    cli::{
        arguments::VlmProbeArguments, error::CliError, exit::Ended, settings::Settings,
        view::json::FORMAT_VERSION, workplace::Workplace,
    },
    driver::{
        disk::SystemClock,
        vlm::{self, Fit, ProbeReport},
    },
    model::AxisOrder,
    port::{Clock, Health, VisionError},
};
use serde_json::json;
use std::{
    io::{self, Write},
    sync::Arc,
};

/// How many conventions are listed.
const SHOWN: usize = 5;

pub(in crate::cli) fn probe(
    settings: &Settings,
    typed: &VlmProbeArguments,
) -> Result<Ended, CliError> {
    let place = Workplace::open(settings, typed.file.file.as_deref())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let config = place.vlm_config(&clock).ok_or(VisionError::None)?;
    let config = config.map_err(|why| VisionError::Unusable { why })?;
    // Models take their time, whatever the clock of a simulated cluster says.
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build()?;
    let report = runtime.block_on(vlm::probe(config))?;
    settings.face.result(|out| {
        if typed.json {
            return writeln!(out, "{}", document(&report));
        }
        write_lines(out, &report)
    })?;
    Ok(if report.is_good() {
        Ended::GOOD
    } else {
        Ended::ERROR
    })
}

fn write_lines(out: &mut dyn Write, report: &ProbeReport) -> io::Result<()> {
    let (width, height) = report.sent;
    writeln!(out, "{}, shown a picture of {width}x{height}", report.model)?;
    let whats = report.checks.iter().map(|check| check.what.chars().count());
    let column = whats.max().unwrap_or(0);
    for check in &report.checks {
        let sign = match check.health {
            Health::Good => "ok  ",
            Health::Doubtful => "?   ",
            Health::Bad => "BAD ",
        };
        writeln!(out, "  {sign}{:column$}  {}", check.what, check.detail)?;
    }
    writeln!(out, "How well conventions fit, the best first:")?;
    for fit in report.fits.iter().take(SHOWN) {
        let sign = if fit.is_good() { "fits" } else { "no  " };
        let (mean, most) = (fit.mean * 100.0, fit.most * 100.0);
        let (unit, shape) = (fit.unit.to_string(), fit.shape.as_str());
        let order = order(fit);
        writeln!(
            out,
            "  {sign} {unit:22} {order} {shape:5}  off by {mean:.1} %, at most {most:.1} %"
        )?;
    }
    Ok(())
}

fn order(fit: &Fit) -> &'static str {
    match fit.order {
        AxisOrder::Xy => "xy",
        AxisOrder::Yx => "yx",
    }
}

fn document(report: &ProbeReport) -> serde_json::Value {
    let checks = report.checks.iter().map(|check| {
        json!({"what": check.what, "health": check.health.as_str(), "detail": check.detail})
    });
    let fits = report.fits.iter().map(|fit| {
        json!({
            "unit": fit.unit.to_string(),
            "order": order(fit),
            "shape": fit.shape.as_str(),
            "mean": fit.mean,
            "most": fit.most,
            "fits": fit.is_good(),
        })
    });
    json!({
        "format_version": FORMAT_VERSION,
        "model": report.model,
        "sent": [report.sent.0, report.sent.1],
        "is_good": report.is_good(),
        "checks": checks.collect::<Vec<_>>(),
        "fits": fits.collect::<Vec<_>>(),
    })
}
