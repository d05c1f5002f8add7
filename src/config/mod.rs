//! Reads plan files: TOML in; a `Desired`, or every mistake with its place, out. Asks nothing of the
//! world but the files that are named, and resolves no secret.

mod app;
mod build;
mod cells;
mod cursor;
mod documents;
mod duration;
mod expand;
mod functional;
mod glob;
mod gpu;
mod hardware;
mod include;
mod later;
mod machine;
mod matrix;
mod mistakes;
mod name;
mod package;
mod pools;
mod provider;
mod reach;
mod reader;
mod settings;
mod source;
mod tables;
mod value;
mod variant;
mod verify;
mod vlm;

use crate::model::{ContentHash, Desired, Diagnostic, Files, Scenarios, Settings, SignIn};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// What a plan file came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// What should hold.
    pub desired: Desired,
    /// How mosdat should work.
    pub settings: Settings,
    /// Every file of configuration that was read, with its digest.
    pub files: BTreeMap<PathBuf, ContentHash>,
    /// What is worth a look and stops nothing.
    pub warnings: Vec<Diagnostic>,
}

/// Opens the folder of scenarios, which may use what the plan file says of signing in.
pub type OpenScenarios<'a> = dyn Fn(&Path, &SignIn) -> Box<dyn Scenarios> + 'a;

/// Reads the plan file or app config at `plan` and all that it includes. `scenarios` opens a folder
/// of scenarios; only those that cells use are described.
///
/// Returns every mistake there is when there is one, those in scenarios among them.
pub fn load(
    plan: &Path,
    files: &dyn Files,
    scenarios: &OpenScenarios<'_>,
) -> Result<Loaded, Vec<Diagnostic>> {
    let sources = source::Sources::default();
    let mistakes = mistakes::Mistakes::default();
    let included = include::read(plan, files, &sources, &mistakes);
    let mut others = Vec::from_iter(included.homeless);
    let documents = documents::Documents::new(&included.documents, &mistakes);
    let tables = tables::Tables::read(documents, &mistakes, included.is_complete);
    let mut loaded = None;
    if included.is_complete {
        let world = tables::World {
            plan,
            files,
            scenarios,
        };
        loaded = tables.put_together(&world, &mistakes, &mut others);
    }
    let has_errors = mistakes.has_errors() || !others.is_empty();
    let mut diagnostics = mistakes.take(&sources);
    let files = included.digests;
    match loaded {
        Some((desired, settings)) if !has_errors => Ok(Loaded {
            desired,
            settings,
            files,
            warnings: diagnostics,
        }),
        Some(_) | None => {
            others.sort();
            others.dedup();
            diagnostics.append(&mut others);
            Err(diagnostics)
        }
    }
}
