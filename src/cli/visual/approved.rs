//! Approved pictures: one file for each scenario, machine, GPU, size and step, and beside it a small
//! one that says what of it is not compared. Both are made to lie in a repository.

use super::Shot;
use crate::{
    cli::{error::CliError, face},
    driver::disk::DiskFiles,
    judge::{Picture, visual::Tolerance},
    model::{FileError, Files as _, Rect},
};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The folder of all approved pictures.
#[derive(Clone, Debug)]
pub(in crate::cli) struct References {
    dir: PathBuf,
}

/// An approved picture.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Approved {
    /// Its file, as it is.
    pub(in crate::cli) png: Vec<u8>,
    pub(in crate::cli) picture: Picture,
    pub(in crate::cli) notes: Notes,
}

/// What is to be known of an approved picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct Notes {
    format_version: u32,
    /// What is not compared.
    #[serde(default)]
    masks: Vec<Mask>,
    /// The least similarity, where it is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    threshold: Option<f64>,
    /// How many pixels may differ visibly, where it is not the usual number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    visible: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mask {
    x: i32,
    y: i32,
    width: i32,
    height: i32,
}

impl Default for Notes {
    fn default() -> Self {
        Self {
            format_version: 1,
            masks: Vec::new(),
            threshold: None,
            visible: None,
        }
    }
}

impl Notes {
    /// Returns what is not compared.
    pub(in crate::cli) fn masks(&self) -> Vec<Rect> {
        let rect = |mask: &Mask| Rect {
            x: mask.x,
            y: mask.y,
            width: mask.width,
            height: mask.height,
        };
        self.masks.iter().map(rect).collect()
    }

    /// Leaves some more uncompared.
    pub(in crate::cli) fn mask(&mut self, parts: &[Rect]) {
        self.masks.extend(parts.iter().map(|part| Mask {
            x: part.x,
            y: part.y,
            width: part.width,
            height: part.height,
        }));
    }

    /// Returns how much may differ, when `usual` is usual.
    pub(in crate::cli) fn tolerance(&self, usual: Tolerance) -> Tolerance {
        Tolerance {
            score: self.threshold.unwrap_or(usual.score),
            visible: self.visible.unwrap_or(usual.visible),
        }
    }
}

impl References {
    /// Says where they lie.
    pub(in crate::cli) fn new(dir: &Path) -> Self {
        Self { dir: dir.into() }
    }

    /// Returns where the approved picture for one of a run is, or would be.
    pub(in crate::cli) fn file(&self, shot: &Shot, size: (u32, u32)) -> PathBuf {
        self.folder(shot, size)
            .join(format!("{}.png", safe(&shot.step)))
    }

    /// Returns the folder that it is in.
    pub(in crate::cli) fn folder(&self, shot: &Shot, (width, height): (u32, u32)) -> PathBuf {
        let mut dir = self.dir.clone();
        dir.extend(shot.scenario.split('/').map(safe));
        let place = if shot.place.is_empty() { "" } else { "~" };
        dir.join(format!("{}{place}{width}x{height}", safe(&shot.place)))
    }

    /// Reads an approved picture; `None` when there is none.
    pub(in crate::cli) fn load(file: &Path) -> Result<Option<Approved>, CliError> {
        let unreadable = |path: &Path, why: String| CliError::Document {
            path: path.into(),
            why,
        };
        let png = match DiskFiles.read(file) {
            Ok(png) => png,
            Err(FileError::Missing) => return Ok(None),
            Err(err) => return Err(unreadable(file, err.to_string())),
        };
        let picture = Picture::from_png(&png).map_err(|err| unreadable(file, err.to_string()))?;
        let beside = file.with_extension("json");
        let notes = match DiskFiles.read(&beside) {
            Ok(text) => {
                serde_json::from_slice(&text).map_err(|err| unreadable(&beside, err.to_string()))?
            }
            Err(FileError::Missing) => Notes::default(),
            Err(err) => return Err(unreadable(&beside, err.to_string())),
        };
        if notes.format_version != 1 {
            let why = format!("it has format {}, and not 1", notes.format_version);
            return Err(unreadable(&beside, why));
        }
        Ok(Some(Approved {
            png,
            picture,
            notes,
        }))
    }

    /// Keeps an approved picture.
    pub(in crate::cli) fn keep(file: &Path, png: &[u8], notes: &Notes) -> Result<(), CliError> {
        face::write_file(file, png)?;
        Self::annotate(file, notes)
    }

    /// Writes what is to be known of an approved picture.
    pub(in crate::cli) fn annotate(file: &Path, notes: &Notes) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(notes).expect("notes have a form in JSON");
        face::write_file(&file.with_extension("json"), format!("{text}\n").as_bytes())
    }
}

/// Makes a name for a file of any text; no text leads elsewhere.
fn safe(text: &str) -> String {
    let safe = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | '~' => c,
        _ => '-',
    };
    let name: String = text.chars().map(safe).collect();
    match name.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None => name,
    }
}
