//! The folder in which images lie.
//!
//! ```text
//! debian12/current                 a link to the folder of the image that the name stands for
//! debian12/4f0c..e1/image.json     how it starts, and what its files must be
//! debian12/4f0c..e1/disk.qcow2     ..
//! debian12/4f0c..e1/in-use         locked by whoever uses it
//! .build/debian12/                 where the next one is being made
//! ```
//!
//! An image is put there as a whole, by giving a finished folder its name, and never changed. An
//! image that a newer one of its name has replaced stays: disks of machines may rest on it, whose
//! layers would be lost with it. It goes when its user says so.

use super::{
    files::{self, failed},
    hold::{self, ImageHold, Refused},
    manifest::{self, Manifest},
};
use crate::{
    model::{ContentHash, Image, Timestamp},
    port::{Held, ImageError, Images},
};
use std::path::{Path, PathBuf};

/// The link to the folder that a name stands for.
const CURRENT: &str = "current";
/// What is being removed is called so first.
const GONE: &str = ".gone-";
/// Where images are made.
const BUILD: &str = ".build";

/// The images in one folder.
#[derive(Clone, Debug)]
pub struct ImageStore {
    dir: PathBuf,
}

/// An image as it lies in a store.
#[derive(Debug)]
pub struct StoredImage {
    /// What it is called.
    pub name: String,
    /// Its folder.
    pub dir: PathBuf,
    /// Whether its name stands for it, and not for a newer one.
    pub is_current: bool,
    /// How many bytes it takes on the disk.
    pub bytes: u64,
    /// When it was made; `None` when that cannot be read.
    pub made: Option<Timestamp>,
    /// The image, or what is wrong with it.
    pub image: Result<Image, ImageError>,
}

/// An image could not be removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// There is no such image.
    #[error("there is no image `{name}` in `{dir}`")]
    Missing {
        /// Its name.
        name: String,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// Somebody uses it.
    #[error("failed to remove the image `{name}`: it is in use by {by}")]
    InUse {
        /// Its name.
        name: String,
        /// Who uses it.
        by: String,
    },
    /// The disk said no.
    #[error(transparent)]
    Image(#[from] ImageError),
}

impl ImageStore {
    /// Returns the store in `dir`, which need not be there yet.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        // A disk that another rests on is named by its whole path.
        let dir = std::path::absolute(&dir).unwrap_or(dir);
        Self { dir }
    }

    /// Returns where it lies.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether an image may be called `name`.
    pub fn is_name(name: &str) -> bool {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(is_plain)
    }

    /// Keeps an image from being removed, until what is returned is dropped. An error when it has
    /// been removed already.
    pub fn hold(&self, image: &Image) -> Result<ImageHold, ImageError> {
        let dir = image.disk.parent().unwrap_or(&self.dir);
        let gone = || ImageError::Damaged {
            name: image.name.clone(),
            path: dir.into(),
            why: "it was removed".into(),
        };
        if !dir.is_dir() {
            return Err(gone());
        }
        match hold::share(&dir.join(hold::FILE)) {
            // Who removes it takes this file alone first.
            Err(Refused::Held(_)) => Err(gone()),
            Err(Refused::Failed(error)) => Err(error),
            Ok(_) if !dir.join(manifest::FILE).exists() => Err(gone()),
            Ok(hold) => Ok(hold),
        }
    }

    /// Makes sure that an image is what it was when it was made, byte by byte.
    pub fn check(&self, image: &Image) -> Result<(), ImageError> {
        let dir = image.disk.parent().unwrap_or(&self.dir);
        Manifest::read(dir)?.check_content(dir)
    }

    /// Returns every image, sound or not, replaced or not, by name and age.
    pub fn survey(&self) -> Result<Vec<StoredImage>, ImageError> {
        let mut found = Vec::new();
        for name in self.names()? {
            let current = files::target(&self.dir.join(&name).join(CURRENT))?;
            for dir in self.folders(&name)? {
                let manifest = Manifest::read(&dir);
                let made = manifest.as_ref().ok().map(|manifest| manifest.made);
                found.push(StoredImage {
                    name: name.clone(),
                    is_current: current.as_deref() == dir.file_name().map(Path::new),
                    bytes: files::room_taken(&dir),
                    made,
                    image: manifest.and_then(|manifest| {
                        manifest.check_sizes(&dir)?;
                        Ok(manifest.image(&dir))
                    }),
                    dir,
                });
            }
        }
        found.sort_by(|a, b| (&a.name, a.made).cmp(&(&b.name, b.made)));
        Ok(found)
    }

    /// Removes the images called `name`, the replaced ones as well, and what an unfinished build of
    /// it left. Removes none when one of them is in use. Returns how many there were.
    pub fn remove(&self, name: &str) -> Result<usize, RemoveError> {
        let folders = self.folders(name)?;
        let work = self.work_dir(name);
        if folders.is_empty() && !work.exists() {
            let (name, dir) = (name.into(), self.dir.clone());
            return Err(RemoveError::Missing { name, dir });
        }
        let alone = take_alone(name, &folders)?;
        let building = self.take_build(name)?;
        files::remove(&self.dir.join(name).join(CURRENT))?;
        for dir in &folders {
            self.discard(dir)?;
        }
        files::remove(&self.dir.join(name))?;
        files::remove(&work)?;
        self.sweep()?;
        drop((alone, building));
        Ok(folders.len())
    }

    /// Removes the images called `name` that a newer one has replaced, but for those in use.
    /// Returns how many went, and who keeps the others.
    pub fn prune(&self, name: &str) -> Result<(usize, Vec<String>), RemoveError> {
        let current = files::target(&self.dir.join(name).join(CURRENT))?;
        self.sweep()?;
        let (mut removed, mut kept) = (0, Vec::new());
        for dir in self.folders(name)? {
            if current.as_deref() == dir.file_name().map(Path::new) {
                continue;
            }
            match take_alone(name, std::slice::from_ref(&dir)) {
                Ok(_alone) => {
                    self.discard(&dir)?;
                    removed += 1;
                }
                Err(RemoveError::InUse { by, .. }) => kept.push(by),
                Err(error) => return Err(error),
            }
        }
        Ok((removed, kept))
    }

    /// Returns the names of images, sound or not.
    pub fn names(&self) -> Result<Vec<String>, ImageError> {
        let mut names = files::names(&self.dir)?;
        names.retain(|name| Self::is_name(name) && self.dir.join(name).is_dir());
        Ok(names)
    }

    /// Returns what the image that `name` stands for says of itself, when there is one and its files
    /// are as long as they were.
    pub(super) fn current(&self, name: &str) -> Result<Option<(Manifest, PathBuf)>, ImageError> {
        let above = self.dir.join(name);
        let Some(target) = files::target(&above.join(CURRENT))? else {
            return Ok(None);
        };
        let dir = above.join(target);
        let manifest = Manifest::read(&dir)?;
        manifest.check_sizes(&dir)?;
        Ok(Some((manifest, dir)))
    }

    /// Returns a sound image called `name` that was made by `recipe`, whether or not the name
    /// stands for it.
    pub(super) fn made_by(&self, name: &str, recipe: ContentHash) -> Option<(Manifest, PathBuf)> {
        let folders = self.folders(name).unwrap_or_default();
        folders.into_iter().find_map(|dir| {
            let manifest = Manifest::read(&dir).ok()?;
            let is_it = manifest.recipe == Some(recipe) && manifest.check_sizes(&dir).is_ok();
            is_it.then_some((manifest, dir))
        })
    }

    /// Takes the finished folder `made` in, and has its name stand for it. Either all of it is there
    /// afterwards or nothing, whatever happens meanwhile.
    pub(super) fn take_in(&self, manifest: &Manifest, made: &Path) -> Result<Image, ImageError> {
        let above = self.dir.join(&manifest.name);
        let dir = above.join(manifest.folder_name());
        if dir.exists() {
            // The same image is there. It may be in use, so it is replaced only when it is damaged.
            if manifest.check_content(&dir).is_ok() {
                files::remove(made)?;
                return self.point(manifest, &dir);
            }
            self.discard(&dir)?;
        }
        files::write(&made.join(hold::FILE), b"", 0o644)?;
        files::make_read_only(&made.join(manifest::DISK))?;
        files::sync_folder(made)?;
        files::make_folder(&above)?;
        files::rename(made, &dir)?;
        self.point(manifest, &dir)
    }

    /// Has a name stand for the image in `dir`.
    pub(super) fn point(&self, manifest: &Manifest, dir: &Path) -> Result<Image, ImageError> {
        let link = self.dir.join(&manifest.name).join(CURRENT);
        files::point(&link, &manifest.folder_name())?;
        Ok(manifest.image(dir))
    }

    /// Returns where the image called `name` is being made.
    pub(super) fn work_dir(&self, name: &str) -> PathBuf {
        self.dir.join(BUILD).join(name)
    }

    /// Returns the file that is locked by whoever makes the image called `name`. It stays when the
    /// image goes: a lock on a file that is gone keeps nobody out.
    pub(super) fn build_lock(&self, name: &str) -> PathBuf {
        self.dir.join(BUILD).join(format!("{name}.lock"))
    }

    fn take_build(&self, name: &str) -> Result<Option<ImageHold>, RemoveError> {
        let lock = self.build_lock(name);
        if !lock.exists() {
            return Ok(None);
        }
        match hold::take_alone(&lock) {
            Ok(hold) => Ok(Some(hold)),
            Err(refused) => Err(in_use(name, refused)),
        }
    }

    /// Removes a folder. It is no image any more before its first file goes.
    fn discard(&self, dir: &Path) -> Result<(), ImageError> {
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        let gone = self.dir.join(format!("{GONE}{name}"));
        files::remove(&gone)?;
        std::fs::rename(dir, &gone).map_err(failed("remove", dir))?;
        files::remove(&gone)
    }

    /// Removes what somebody began to remove and did not.
    pub(super) fn sweep(&self) -> Result<(), ImageError> {
        let names = files::names(&self.dir)?.into_iter();
        for name in names.filter(|name| name.starts_with(GONE)) {
            files::remove(&self.dir.join(name))?;
        }
        Ok(())
    }

    /// Returns the folders of all images called `name`.
    fn folders(&self, name: &str) -> Result<Vec<PathBuf>, ImageError> {
        let above = self.dir.join(name);
        let names = files::names(&above)?.into_iter();
        let is_identity =
            |name: &String| name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        Ok(names
            .filter(is_identity)
            .map(|name| above.join(name))
            .collect())
    }
}

/// Takes every one of these folders, when nobody uses one of them.
fn take_alone(name: &str, folders: &[PathBuf]) -> Result<Vec<ImageHold>, RemoveError> {
    let take = |dir: &PathBuf| hold::take_alone(&dir.join(hold::FILE));
    let taken = folders.iter().map(take).collect::<Result<_, _>>();
    taken.map_err(|refused| in_use(name, refused))
}

fn in_use(name: &str, refused: Refused) -> RemoveError {
    match refused {
        Refused::Held(by) => RemoveError::InUse {
            name: name.into(),
            by,
        },
        Refused::Failed(error) => error.into(),
    }
}

impl Images for ImageStore {
    fn find(&self, name: &str) -> Result<Option<Image>, ImageError> {
        if !Self::is_name(name) {
            return Ok(None);
        }
        let current = self.current(name)?;
        Ok(current.map(|(manifest, dir)| manifest.image(&dir)))
    }

    fn list(&self) -> Result<Vec<Image>, ImageError> {
        let names = self.names()?.into_iter();
        Ok(names
            .filter_map(|name| self.find(&name).ok().flatten())
            .collect())
    }

    fn hold(&self, image: &Image) -> Result<Box<dyn Held>, ImageError> {
        Ok(Box::new(Self::hold(self, image)?))
    }
}
