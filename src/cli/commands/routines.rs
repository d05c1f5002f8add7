//! `mosdat routines`: looks at routines, and at the steps that a call of one comes to.

use super::recipes::{Kept, kept, named};
use crate::{
    cli::{arguments::routine::LookCommand, error::CliError, exit::Ended, settings::Settings},
    driver::disk::DiskFiles,
    model::ContentHash,
    scenario::{Group, GroupWay, Instruction, entry, inputs, load_routine},
};
use serde_json::Value as Json;
use std::{collections::BTreeMap, io, io::Write};

pub(in crate::cli) fn run(settings: &Settings, typed: &LookCommand) -> Result<Ended, CliError> {
    match typed {
        LookCommand::List { folder } => list(settings, &kept("routines", &folder.dir)?, inputs_of),
        LookCommand::Fixtures { folder } => {
            list(settings, &kept("fixtures", &folder.dir)?, |_| String::new())
        }
        LookCommand::Version { name, folder } => {
            let all = kept("routines", &folder.dir)?;
            let all = match name {
                Some(name) => vec![named(name, &all, "routine")?],
                None => all.iter().collect(),
            };
            settings.face.result(|out| {
                for one in all {
                    let version = entry(&one.text, "schema_version");
                    let version = version.unwrap_or_else(|| "v1".into());
                    let digest = ContentHash::of(one.text.as_bytes());
                    writeln!(out, "{}  {version}  {digest}", one.name)?;
                }
                Ok(())
            })
        }
        LookCommand::Show { name, folder } => {
            let all = kept("routines", &folder.dir)?;
            let one = named(name, &all, "routine")?;
            settings
                .face
                .result(|out| out.write_all(one.text.as_bytes()))
        }
        LookCommand::Explain { name, with, folder } => {
            let all = kept("routines", &folder.dir)?;
            let one = named(name, &all, "routine")?;
            let with = values(with)?;
            let group = load_routine(&one.path, &folder.dir, &DiskFiles, &with)?;
            settings.face.result(|out| explain(out, &group))
        }
    }
}

fn list(
    settings: &Settings,
    all: &[Kept],
    takes: impl Fn(&str) -> String,
) -> Result<Ended, CliError> {
    settings.face.result(|out| {
        for one in all {
            let says = entry(&one.text, "description").unwrap_or_default();
            let says = says.split_whitespace().collect::<Vec<_>>().join(" ");
            writeln!(out, "{}{}  {says}", one.name, takes(&one.text))?;
        }
        Ok(())
    })
}

/// Reads like `(title, times=1)`.
fn inputs_of(text: &str) -> String {
    let wanted: Vec<String> = inputs(text)
        .into_iter()
        .map(|one| match one.default {
            Some(default) => format!("{}={default}", one.name),
            None => one.name,
        })
        .collect();
    if wanted.is_empty() {
        String::new()
    } else {
        format!("({})", wanted.join(", "))
    }
}

/// Reads the values of inputs.
pub(super) fn values(with: &[String]) -> Result<BTreeMap<String, Json>, CliError> {
    let mut values = BTreeMap::new();
    for text in with {
        let (name, value) = value(text)?;
        if values.insert(name.clone(), value).is_some() {
            let why = format!("`--with {name}` is given twice");
            return Err(CliError::Usage(why));
        }
    }
    Ok(values)
}

/// Reads `title=Milk`. What is JSON is taken as that: numbers, flags, lists.
fn value(text: &str) -> Result<(String, Json), CliError> {
    let Some((name, value)) = text.split_once('=') else {
        let why = format!("`{text}` is no `KEY=VALUE`");
        return Err(CliError::Usage(why));
    };
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    Ok((name.to_owned(), value))
}

fn explain(out: &mut dyn Write, group: &Group) -> io::Result<()> {
    way(out, &group.usual)?;
    for (package, other) in &group.by_package {
        if other.steps != group.usual.steps {
            writeln!(out, "with the package {package}")?;
            way(out, other)?;
        }
    }
    if !group.on_failure.is_empty() {
        writeln!(out, "when one of them does not pass")?;
        steps(out, &group.on_failure, 1)?;
    }
    Ok(())
}

fn way(out: &mut dyn Write, way: &GroupWay) -> io::Result<()> {
    writeln!(out, "{}", way.name)?;
    if let Some(when) = &way.doubt {
        writeln!(out, "  (it is not known whether `{when}`)")?;
    }
    steps(out, &way.steps, 1)
}

fn steps(out: &mut dyn Write, list: &[Instruction], depth: usize) -> io::Result<()> {
    for step in list {
        let indent = "  ".repeat(depth);
        let does = step.to_string();
        if step.label == does {
            writeln!(out, "{indent}{does}  ({})", step.origin)?;
        } else {
            writeln!(out, "{indent}{}: {does}  ({})", step.label, step.origin)?;
        }
        for nested in step.action.nested() {
            steps(out, nested, depth + 1)?;
        }
    }
    Ok(())
}
