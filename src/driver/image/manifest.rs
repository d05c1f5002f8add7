//! `image.json`: what says how an image starts, and what its files must be.
//!
//! Paths in it are names of files beside it, so that a folder of images can be moved.

use super::files;
use crate::{
    model::{self, Boot, ContentHash, Describe, Image, Session, Timestamp, fingerprint},
    port::ImageError,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::Path};

/// What the file is called.
pub(super) const FILE: &str = "image.json";
/// Goes up when the file says something that an older mosdat would misread.
const FORMAT: u32 = 1;

pub(super) const DISK: &str = "disk.qcow2";
pub(super) const KERNEL: &str = "vmlinuz";
pub(super) const INITRD: &str = "initrd.img";
pub(super) const KEY: &str = "id_ed25519";
pub(super) const PUBLIC_KEY: &str = "id_ed25519.pub";

/// What `image.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    format: u32,
    pub(super) name: String,
    pub(super) identity: ContentHash,
    /// The recipe it was made by; `None` for one that was imported.
    pub(super) recipe: Option<ContentHash>,
    pub(super) made: Timestamp,
    /// Arguments for the kernel; `None` for an image that starts from its own disk.
    pub(super) arguments: Option<String>,
    pub(super) user: String,
    pub(super) host_key: Option<String>,
    sessions: Vec<String>,
    pub(super) has_agent: bool,
    pub(super) files: BTreeMap<String, Content>,
}

/// What a file must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) bytes: u64,
    pub(super) sha256: ContentHash,
}

/// What is known of an image before its files are counted.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) recipe: Option<ContentHash>,
    pub(super) made: Timestamp,
    pub(super) arguments: Option<String>,
    pub(super) user: String,
    pub(super) host_key: Option<String>,
    pub(super) sessions: Vec<Session>,
    pub(super) has_agent: bool,
}

impl Manifest {
    /// Describes the files in `dir`, which are read for it.
    pub(super) fn of(draft: Draft, dir: &Path) -> Result<Self, ImageError> {
        let mut content = BTreeMap::new();
        for name in [DISK, KERNEL, INITRD, KEY, PUBLIC_KEY] {
            let path = dir.join(name);
            if path.exists() {
                let (bytes, sha256) = files::digest(&path)?;
                content.insert(name.to_owned(), Content { bytes, sha256 });
            }
        }
        let mut manifest = Self {
            format: FORMAT,
            name: draft.name,
            identity: ContentHash::from_bytes([0; 32]),
            recipe: draft.recipe,
            made: draft.made,
            arguments: draft.arguments,
            user: draft.user,
            host_key: draft.host_key,
            sessions: draft
                .sessions
                .iter()
                .map(|session| session.as_str().to_owned())
                .collect(),
            has_agent: draft.has_agent,
            files: content,
        };
        manifest.identity = fingerprint(&manifest);
        Ok(manifest)
    }

    /// Reads what describes the image in `dir`. Looks at no other file.
    pub(super) fn read(dir: &Path) -> Result<Self, ImageError> {
        let path = dir.join(FILE);
        let bytes = files::read(&path)?;
        let refuse = |why: String| ImageError::Manifest {
            path: path.clone(),
            why,
        };
        let manifest: Self =
            serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(refuse(format!(
                "it was written by another mosdat, in format {}",
                manifest.format
            )));
        }
        // An image with a kernel that is started from its disk finds no boot loader there.
        if manifest.files.contains_key(KERNEL) != manifest.arguments.is_some() {
            return Err(refuse(
                "a kernel and its `arguments` belong together".into(),
            ));
        }
        Ok(manifest)
    }

    /// Makes sure that the files in `dir` are as long as they should be, which costs nothing.
    pub(super) fn check_sizes(&self, dir: &Path) -> Result<(), ImageError> {
        for (name, wanted) in &self.files {
            let path = dir.join(name);
            let found = match path.metadata() {
                Ok(data) => data.len(),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Err(self.damaged(dir, format!("`{name}` is missing")));
                }
                Err(source) => return Err(files::failed("read", &path)(source)),
            };
            if found != wanted.bytes {
                let why = format!("`{name}` has {found} bytes instead of {}", wanted.bytes);
                return Err(self.damaged(dir, why));
            }
        }
        Ok(())
    }

    /// Makes sure that the files in `dir` are what they were, which reads them all.
    pub(super) fn check_content(&self, dir: &Path) -> Result<(), ImageError> {
        self.check_sizes(dir)?;
        for (name, wanted) in &self.files {
            let (_, found) = files::digest(&dir.join(name))?;
            if found != wanted.sha256 {
                let why = format!("the content of `{name}` is not what it was");
                return Err(self.damaged(dir, why));
            }
        }
        Ok(())
    }

    fn damaged(&self, dir: &Path, why: String) -> ImageError {
        ImageError::Damaged {
            name: self.name.clone(),
            path: dir.into(),
            why,
        }
    }

    /// Returns the image in `dir`.
    pub(super) fn image(&self, dir: &Path) -> Image {
        let has = |name: &str| self.files.contains_key(name);
        let boot = match &self.arguments {
            Some(arguments) => Boot::Kernel {
                kernel: dir.join(KERNEL),
                initrd: dir.join(INITRD),
                arguments: arguments.clone(),
            },
            None => Boot::Disk,
        };
        Image {
            name: self.name.clone(),
            identity: self.identity,
            disk: dir.join(DISK),
            boot,
            user: self.user.clone(),
            key: has(KEY).then(|| dir.join(KEY)),
            host_key: self.host_key.clone(),
            sessions: self.sessions(),
            has_agent: self.has_agent,
        }
    }

    fn sessions(&self) -> Vec<Session> {
        let all = [Session::X11, Session::Wayland, Session::None];
        all.into_iter()
            .filter(|session| self.sessions.iter().any(|word| word == session.as_str()))
            .collect()
    }

    /// Returns what the folder of this image is called.
    pub(super) fn folder_name(&self) -> String {
        self.identity.to_hex()[..20].to_owned()
    }

    /// Writes it beside the files that it describes.
    pub(super) fn write(&self, dir: &Path) -> Result<(), ImageError> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("it is plain data");
        bytes.push(b'\n');
        files::write(&dir.join(FILE), &bytes, 0o444)
    }
}

/// What the identity stands for: everything that whoever starts the image could notice.
impl Describe for Manifest {
    fn describe(&self, to: &mut dyn model::Manifest) {
        if let Some(recipe) = &self.recipe {
            to.part("recipe", &recipe.to_string());
        }
        to.part("arguments", self.arguments.as_deref().unwrap_or("none"));
        to.part("user", &self.user);
        to.part("host key", self.host_key.as_deref().unwrap_or("none"));
        to.part("agent", if self.has_agent { "yes" } else { "no" });
        for session in &self.sessions {
            to.part("session", session);
        }
        for (name, content) in &self.files {
            to.part(name, &content.sha256.to_string());
        }
    }
}
