//! `mosdat lint`: tells what is wrong with scenarios and what they use.

use crate::{
    cli::{
        arguments::scenario::LintArguments, diagnostics, error::CliError, exit::Ended,
        settings::Settings, sign_in,
    },
    driver::disk::DiskFiles,
    model::{Diagnostic, Files as _, Severity, did_you_mean},
    scenario::{
        Given,
        lint::{Finding, lint},
    },
};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};

pub(in crate::cli) fn run(settings: &Settings, typed: &LintArguments) -> Result<Ended, CliError> {
    let dir = &typed.folder.dir;
    let known = documents(dir);
    let paths = if typed.what.is_empty() {
        known
    } else {
        let found = typed.what.iter().map(|what| meant(what, dir, &known));
        found.collect::<Result<Vec<String>, CliError>>()?
    };
    let given = Given {
        vars: sign_in::variables(&typed.vars.var)?,
        ..Given::default()
    };
    let found = paths.iter();
    let found = found.map(|path| lint(path, dir, &DiskFiles, &given));
    let mut findings: Vec<Finding> = found.flatten().collect();
    // What is wrong with a routine is found once more by everything that uses it.
    findings.sort();
    findings.dedup();
    if typed.json {
        let all: Vec<Json> = findings.iter().map(told).collect();
        let document = json!({"format_version": 1, "documents": paths.len(), "findings": all});
        settings.face.result(|out| writeln!(out, "{document:#}"))?;
    } else {
        let text = drawn(&findings, paths.len(), settings.face.color_out);
        settings.face.result(|out| write!(out, "{text}"))?;
    }
    let is_bad = |one: &Finding| typed.strict || one.diagnostic.severity == Severity::Error;
    Ok(if findings.iter().any(is_bad) {
        Ended::ERROR
    } else {
        Ended::GOOD
    })
}

fn drawn(findings: &[Finding], documents: usize, color: bool) -> String {
    if findings.is_empty() {
        return format!("nothing to say about {documents} documents\n");
    }
    let named = |one: &Finding| Diagnostic {
        message: format!("{} [{}]", one.diagnostic.message, one.rule),
        ..one.diagnostic.clone()
    };
    let all: Vec<Diagnostic> = findings.iter().map(named).collect();
    diagnostics::render(&all, color)
}

fn told(finding: &Finding) -> Json {
    let Diagnostic {
        place,
        severity,
        message,
        hint,
    } = &finding.diagnostic;
    json!({
        "rule": finding.rule,
        "severity": match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "file": place.as_ref().map(|place| place.file.display().to_string()),
        "line": place.as_ref().map(|place| place.line),
        "column": place.as_ref().map(|place| place.column),
        "message": message,
        "hint": hint,
    })
}

/// Returns every document in the folder, by its path there.
pub(super) fn documents(dir: &Path) -> Vec<String> {
    let path = |file: &PathBuf| {
        let path = file.strip_prefix(dir).ok()?.to_str()?;
        let is_hidden = path.split('/').any(|part| part.starts_with('.'));
        let is_document = file.extension().is_some_and(|ending| ending == "yaml");
        (is_document && !is_hidden).then(|| path.to_owned())
    };
    let mut found: Vec<String> = DiskFiles.list(dir).iter().filter_map(path).collect();
    found.sort();
    found
}

/// Returns the path of what somebody named: by its file, or as a scenario.
fn meant(what: &str, dir: &Path, known: &[String]) -> Result<String, CliError> {
    let inside = Path::new(what).strip_prefix(dir).ok();
    let inside = inside.and_then(Path::to_str).unwrap_or(what);
    let names = [inside.to_owned(), format!("{inside}.yaml")];
    if let Some(path) = names.into_iter().find(|name| known.contains(name)) {
        return Ok(path);
    }
    let near = did_you_mean(what, known.iter().map(String::as_str));
    let near = near.map(|near| format!("; did you mean `{near}`?"));
    Err(CliError::Usage(format!(
        "there is no document `{what}` in `{}`{}",
        dir.display(),
        near.unwrap_or_default()
    )))
}
