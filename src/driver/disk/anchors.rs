//! Remembered pictures of targets, as files beside the scenario.
//!
//! ```text
//! scenarios/notes/create.yaml
//! scenarios/notes/create.anchors/debian12-x11-1024x768/the-save-button-3f2a91c0.png   what counts
//!                                                     /the-save-button-3f2a91c0.json
//!                                                     /the-save-button-3f2a91c0.new.png   a proposal
//!                                                     /the-save-button-3f2a91c0.new.json
//! ```

use super::replace::replace;
use crate::{
    model::{ContentHash, Point, Rect},
    port::{AnchorKey, Anchors, AnchorsError, RememberedAnchor},
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// Longest part of a target's words that becomes part of a file's name.
const LONGEST: usize = 40;

/// Remembered pictures in a folder of scenarios.
#[derive(Clone, Debug)]
pub struct DiskAnchors {
    dir: PathBuf,
}

/// What is written beside a picture.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    target: String,
    found_by: String,
    /// Left edge, top edge, width and height of where it was.
    rect: [i32; 4],
    /// Where it was clicked, from its top left corner.
    click: [i32; 2],
}

/// A picture that waits for somebody to accept or refuse it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its name: the path of its files without their endings, relative to the folder of scenarios.
    pub name: String,
    /// What is looked for.
    pub target: String,
    /// How it was found this time.
    pub found_by: String,
    /// The picture that counts, as a PNG file.
    pub old: Vec<u8>,
    /// The picture that is proposed.
    pub new: Vec<u8>,
}

impl DiskAnchors {
    /// Takes the folder of scenarios.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Returns the proposals, by name.
    pub fn proposals(&self) -> Result<Vec<Proposal>, AnchorsError> {
        let mut found = Vec::new();
        self.collect(&self.dir, &mut found)?;
        found.sort_by(|a: &Proposal, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Lets a proposal count from now on.
    pub fn accept(&self, name: &str) -> Result<(), AnchorsError> {
        let base = self.dir.join(name);
        for ending in ["png", "json"] {
            let (from, to) = (with(&base, &format!("new.{ending}")), with(&base, ending));
            fs::rename(&from, to).map_err(|source| failed("accept", &from, source))?;
        }
        Ok(())
    }

    /// Throws a proposal away.
    pub fn refuse(&self, name: &str) -> Result<(), AnchorsError> {
        let base = self.dir.join(name);
        for ending in ["new.png", "new.json"] {
            let file = with(&base, ending);
            fs::remove_file(&file).map_err(|source| failed("remove", &file, source))?;
        }
        Ok(())
    }

    fn collect(&self, dir: &Path, found: &mut Vec<Proposal>) -> Result<(), AnchorsError> {
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(err) if err.kind() == ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(failed("list", dir, source)),
        };
        for entry in entries {
            let path = entry.map_err(|source| failed("list", dir, source))?.path();
            if path.is_dir() {
                self.collect(&path, found)?;
                continue;
            }
            let text = path.to_str().unwrap_or_default();
            if let Some(base) = text.strip_suffix(".new.json") {
                found.extend(self.proposal(Path::new(base))?);
            }
        }
        Ok(())
    }

    /// Reads a proposal; nothing when it is incomplete, as it is while it is written.
    fn proposal(&self, base: &Path) -> Result<Option<Proposal>, AnchorsError> {
        let Some(note) = read(&with(base, "new.json"))? else {
            return Ok(None);
        };
        let (old, new) = (read(&with(base, "png"))?, read(&with(base, "new.png"))?);
        let name = base.strip_prefix(&self.dir).unwrap_or(base);
        let note = note_of(&note, &with(base, "new.json"))?;
        Ok(new.map(|new| Proposal {
            name: name.display().to_string(),
            target: note.target,
            found_by: note.found_by,
            old: old.unwrap_or_default(),
            new,
        }))
    }

    fn base(&self, key: &AnchorKey) -> PathBuf {
        let digest = ContentHash::of(key.target.as_bytes()).to_hex();
        let folder = self.dir.join(format!("{}.anchors", key.scenario));
        let name = format!("{}-{}", slug(&key.target), &digest[..8]);
        folder.join(slug(&key.desktop)).join(name)
    }

    fn write(
        &self,
        key: &AnchorKey,
        anchor: &RememberedAnchor,
        marker: &str,
    ) -> Result<(), AnchorsError> {
        let base = self.base(key);
        let rect = anchor.rect;
        let note = Note {
            target: key.target.clone(),
            found_by: anchor.found_by.clone(),
            rect: [rect.x, rect.y, rect.width, rect.height],
            click: [anchor.click.x, anchor.click.y],
        };
        let mut text = serde_json::to_string_pretty(&note).unwrap_or_default();
        text.push('\n');
        // The note comes last: what has none is not there.
        for (ending, bytes) in [("png", anchor.png.as_slice()), ("json", text.as_bytes())] {
            let file = with(&base, &format!("{marker}{ending}"));
            let dir = file.parent().unwrap_or(&self.dir);
            let written = fs::create_dir_all(dir).and_then(|()| replace(&file, bytes));
            written.map_err(|source| failed("write", &file, source))?;
        }
        Ok(())
    }
}

impl Anchors for DiskAnchors {
    fn recall(&self, key: &AnchorKey) -> Result<Option<RememberedAnchor>, AnchorsError> {
        let base = self.base(key);
        let (file, picture) = (with(&base, "json"), with(&base, "png"));
        let (Some(note), Some(png)) = (read(&file)?, read(&picture)?) else {
            return Ok(None);
        };
        let note = note_of(&note, &file)?;
        if note.target != key.target {
            return Ok(None);
        }
        let [x, y, width, height] = note.rect;
        Ok(Some(RememberedAnchor {
            png,
            rect: Rect {
                x,
                y,
                width,
                height,
            },
            click: Point {
                x: note.click[0],
                y: note.click[1],
            },
            found_by: note.found_by,
        }))
    }

    fn remember(&self, key: &AnchorKey, anchor: &RememberedAnchor) -> Result<(), AnchorsError> {
        self.write(key, anchor, "")
    }

    fn propose(&self, key: &AnchorKey, anchor: &RememberedAnchor) -> Result<(), AnchorsError> {
        self.write(key, anchor, "new.")
    }
}

fn note_of(bytes: &[u8], file: &Path) -> Result<Note, AnchorsError> {
    serde_json::from_slice(bytes).map_err(|err| failed("read", file, io::Error::other(err)))
}

/// Returns the file's bytes; nothing when there is none.
#[expect(
    clippy::disallowed_methods,
    reason = "remembered pictures are written by mosdat itself, not by the user"
)]
fn read(file: &Path) -> Result<Option<Vec<u8>>, AnchorsError> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(err) if err.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed("read", file, source)),
    }
}

fn failed(what: &'static str, path: &Path, source: io::Error) -> AnchorsError {
    let path = path.to_owned();
    AnchorsError { what, path, source }
}

fn with(base: &Path, ending: &str) -> PathBuf {
    let mut name = base.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Makes a part of a file's name of some words.
fn slug(words: &str) -> String {
    let mut slug = String::new();
    for c in words.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(LONGEST);
    slug.trim_end_matches('-').into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(target: &str) -> AnchorKey {
        AnchorKey {
            scenario: "notes/create".into(),
            target: target.into(),
            desktop: "x11-1024x768".into(),
        }
    }

    fn anchor(png: &[u8]) -> RememberedAnchor {
        RememberedAnchor {
            png: png.into(),
            rect: Rect {
                x: 1,
                y: 2,
                width: 30,
                height: 40,
            },
            click: Point { x: 15, y: 20 },
            found_by: "model `m`".into(),
        }
    }

    #[test]
    fn what_was_remembered_is_recalled_for_that_target_on_that_desktop_only() {
        let dir = tempfile::tempdir().unwrap();
        let anchors = DiskAnchors::new(dir.path().into());
        assert_eq!(anchors.recall(&key("the Save button")).unwrap(), None);
        let saved = anchor(b"png");
        anchors.remember(&key("the Save button"), &saved).unwrap();
        assert_eq!(
            anchors.recall(&key("the Save button")).unwrap(),
            Some(saved)
        );
        assert_eq!(anchors.recall(&key("the Save Button")).unwrap(), None);
        let other = AnchorKey {
            desktop: "x11-800x600".into(),
            ..key("the Save button")
        };
        assert_eq!(anchors.recall(&other).unwrap(), None);
    }

    #[test]
    fn a_proposal_counts_when_it_was_accepted_and_not_before() {
        let dir = tempfile::tempdir().unwrap();
        let anchors = DiskAnchors::new(dir.path().into());
        let key = key("the Save button");
        anchors.remember(&key, &anchor(b"old")).unwrap();
        anchors.propose(&key, &anchor(b"newer")).unwrap();
        assert_eq!(anchors.recall(&key).unwrap().unwrap().png, b"old");
        let proposals = anchors.proposals().unwrap();
        let [proposal] = &proposals[..] else {
            panic!("{proposals:?}")
        };
        assert_eq!(
            (&proposal.old[..], &proposal.new[..]),
            (&b"old"[..], &b"newer"[..])
        );
        assert!(
            proposal
                .name
                .starts_with("notes/create.anchors/x11-1024x768/the-save-button-")
        );
        anchors.accept(&proposal.name).unwrap();
        assert_eq!(anchors.recall(&key).unwrap().unwrap().png, b"newer");
        assert!(anchors.proposals().unwrap().is_empty());
        anchors.propose(&key, &anchor(b"third")).unwrap();
        anchors
            .refuse(&anchors.proposals().unwrap()[0].name)
            .unwrap();
        assert_eq!(anchors.recall(&key).unwrap().unwrap().png, b"newer");
        assert!(anchors.refuse("notes/none").is_err());
    }

    #[test]
    fn a_damaged_note_is_told_and_not_taken_for_none() {
        let dir = tempfile::tempdir().unwrap();
        let anchors = DiskAnchors::new(dir.path().into());
        let key = key("x");
        anchors.remember(&key, &anchor(b"png")).unwrap();
        replace(&with(&anchors.base(&key), "json"), b"{").unwrap();
        assert!(anchors.recall(&key).is_err());
    }
}
