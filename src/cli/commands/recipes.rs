//! `mosdat recipes`: looks into notes on what was learned.

use super::lint::documents;
use crate::{
    cli::{arguments::scenario::RecipesCommand, error::CliError, exit::Ended, settings::Settings},
    driver::disk::DiskFiles,
    model::{Files as _, did_you_mean},
    scenario::entry,
};
use std::path::Path;

pub(in crate::cli) fn run(settings: &Settings, typed: &RecipesCommand) -> Result<Ended, CliError> {
    match typed {
        RecipesCommand::List { folder } => list(settings, &kept("recipes", &folder.dir)?, |_| true),
        RecipesCommand::Search { word, folder } => {
            let word = word.to_lowercase();
            let all = kept("recipes", &folder.dir)?;
            list(settings, &all, |one| {
                one.text.to_lowercase().contains(&word)
            })
        }
        RecipesCommand::Show { name, folder } => {
            let all = kept("recipes", &folder.dir)?;
            let one = named(name, &all, "recipe")?;
            settings
                .face
                .result(|out| out.write_all(one.text.as_bytes()))
        }
    }
}

fn list(
    settings: &Settings,
    all: &[Kept],
    is_wanted: impl Fn(&Kept) -> bool,
) -> Result<Ended, CliError> {
    settings.face.result(|out| {
        for one in all.iter().filter(|one| is_wanted(one)) {
            let title = entry(&one.text, "title").unwrap_or_default();
            writeln!(out, "{}  {title}", one.name)?;
        }
        Ok(())
    })
}

/// A document that scenarios or people use.
#[derive(Debug)]
pub(super) struct Kept {
    /// Its path below its folder, without the ending.
    pub(super) name: String,
    /// Its path in the folder of scenarios.
    pub(super) path: String,
    pub(super) text: String,
}

/// Returns the documents in every folder called `folder` below `dir`.
pub(super) fn kept(folder: &str, dir: &Path) -> Result<Vec<Kept>, CliError> {
    let mut found = Vec::new();
    for path in documents(dir) {
        let inside = format!("/{path}");
        let Some((_, name)) = inside.split_once(&format!("/{folder}/")) else {
            continue;
        };
        let name = name.trim_end_matches(".yaml").to_owned();
        let unreadable = |why: String| CliError::Document {
            path: dir.join(&path),
            why,
        };
        let bytes = DiskFiles.read(&dir.join(&path));
        let bytes = bytes.map_err(|err| unreadable(err.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|err| unreadable(err.to_string()))?;
        found.push(Kept { name, path, text });
    }
    Ok(found)
}

/// Returns the document of that name, or says which may have been meant.
pub(super) fn named<'k>(name: &str, all: &'k [Kept], sort: &str) -> Result<&'k Kept, CliError> {
    if let Some(one) = all.iter().find(|one| one.name == name) {
        return Ok(one);
    }
    let near = did_you_mean(name, all.iter().map(|one| one.name.as_str()));
    let near = near.map(|near| format!("; did you mean `{near}`?"));
    let why = format!("there is no {sort} `{name}`{}", near.unwrap_or_default());
    Err(CliError::Usage(why))
}
