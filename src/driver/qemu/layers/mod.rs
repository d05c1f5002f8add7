//! Kept states of virtual machines: disks, and templates of open sessions, below one folder for
//! each machine.
//!
//! A layer is there as a whole or not at all, and each can do without every other: where disks stand
//! on one another, each layer has a hard link to all of them. Nothing writes to a file of a layer;
//! one that has changed nevertheless is found out by its digest and removed, so that whatever needs
//! it makes it again.

mod digest;
mod manifest;

pub(super) use manifest::{KeptSession, Manifest, SessionForm};

use super::folders;
use crate::model::{LayerKind, LayerName, LeaseId, MachineName};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, Permissions},
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// The memory of a template.
pub(super) const RAM: &str = "ram";

/// The state of a template's devices.
pub(super) const DEVICES: &str = "devices";

/// All layers of all virtual machines.
#[derive(Clone, Debug)]
pub(super) struct Layers {
    dir: PathBuf,
    /// Whose content was checked since mosdat started, by its folder.
    checked: Arc<Mutex<BTreeMap<PathBuf, Checked>>>,
    /// How often in a row sessions did not go on since mosdat started, by the layer's folder.
    stuck: Arc<Mutex<BTreeMap<PathBuf, u32>>>,
}

/// A session that did not go on so often in a row, and never in between, never will.
const MOST_STUCK: u32 = 2;

/// What is wrong with a layer, once somebody has looked.
type Checked = Arc<OnceLock<Option<String>>>;

/// A layer that can be started from.
#[derive(Clone, Debug)]
pub(super) struct KeptLayer {
    /// Its folder.
    pub(super) dir: PathBuf,
    /// What it consists of.
    pub(super) manifest: Manifest,
}

/// What is to be kept: files of an open machine, which stops using them.
#[derive(Clone, Debug)]
pub(super) struct ToKeep {
    /// The folder they lie in, on the same file system as the layers.
    pub(super) from: PathBuf,
    /// How much of the machine they are.
    pub(super) kind: LayerKind,
    /// The disks among them, each the backing file of the one before.
    pub(super) disks: Vec<String>,
    /// The session, where it is kept.
    pub(super) session: Option<KeptSession>,
}

/// What the name of a folder ends with that is being removed.
const REMOVED: &str = ".removed";

impl Layers {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            checked: Arc::default(),
            stuck: Arc::default(),
        }
    }

    /// Returns the layers of `machine` that can be started from. One that has changed is removed.
    pub(super) fn list(&self, machine: &MachineName) -> io::Result<BTreeSet<LayerName>> {
        let mut found = BTreeSet::new();
        for name in self.names(machine)? {
            let Some(layer) = LayerName::parse(&name) else {
                continue;
            };
            let dir = self.path(machine, &layer);
            let suspect = match Manifest::read(&dir) {
                Err(err) => Some(err.to_string()),
                // Reading it all is for those about which there is a doubt.
                Ok(manifest) => manifest.differs(&dir).and_then(|_| manifest.damage(&dir)),
            };
            match suspect {
                None => drop(found.insert(layer)),
                Some(why) => {
                    tracing::warn!(%machine, %layer, why, "a layer is damaged and is removed");
                    self.remove(machine, &layer)?;
                }
            }
        }
        Ok(found)
    }

    /// Returns the layer, when it is there.
    pub(super) fn find(&self, machine: &MachineName, layer: &LayerName) -> Option<KeptLayer> {
        let dir = self.path(machine, layer);
        let manifest = Manifest::read(&dir).ok()?;
        Some(KeptLayer { dir, manifest })
    }

    /// Returns what is wrong with the content of `layer`. All of it is read, once for as long as
    /// mosdat runs; whoever asks meanwhile waits.
    pub(super) fn damage(&self, layer: &KeptLayer) -> Option<String> {
        let slot = {
            let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(checked.entry(layer.dir.clone()).or_default())
        };
        slot.get_or_init(|| layer.manifest.damage(&layer.dir))
            .clone()
    }

    /// Notes whether a machine went on from the session in `layer`. One that has not for the second
    /// time in a row is removed, so that it is made again; returns whether it was.
    pub(super) fn note_start(&self, layer: &KeptLayer, went_on: bool) -> io::Result<bool> {
        let mut stuck = self.stuck.lock().unwrap_or_else(PoisonError::into_inner);
        if went_on {
            stuck.remove(&layer.dir);
            return Ok(false);
        }
        let count = stuck.entry(layer.dir.clone()).or_default();
        *count += 1;
        if *count < MOST_STUCK {
            return Ok(false);
        }
        stuck.remove(&layer.dir);
        drop(stuck);
        self.remove_folder(&layer.dir)?;
        Ok(true)
    }

    /// Makes `files` the layer. Keeping one that is there already changes nothing.
    pub(super) fn keep(
        &self,
        machine: &MachineName,
        layer: &LayerName,
        lease: &LeaseId,
        files: ToKeep,
    ) -> io::Result<()> {
        if self.find(machine, layer).is_some() {
            return Ok(());
        }
        let half_made = self
            .dir
            .join(machine.as_str())
            .join(format!(".{layer}.{lease}"));
        folders::remove(&half_made)?;
        let path = self.path(machine, layer);
        let kept = make(&half_made, files).and_then(|()| {
            // One that could not be used is in the way.
            folders::remove(&path)?;
            fs::rename(&half_made, &path)
        });
        if let Err(err) = kept {
            // What takes up room here is shown by nothing.
            drop(folders::remove(&half_made));
            return Err(err);
        }
        // What was just read need not be read again.
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.insert(path, Arc::new(OnceLock::from(None)));
        drop(checked);
        File::open(self.dir.join(machine.as_str()))?.sync_all()
    }

    /// Removes `layer`. Removing one that is gone is no error.
    pub(super) fn remove(&self, machine: &MachineName, layer: &LayerName) -> io::Result<()> {
        self.remove_folder(&self.path(machine, layer))
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.remove(path);
        drop(checked);
        let Some(name) = path.file_name().filter(|_| path.exists()) else {
            return Ok(());
        };
        // Out of the list first: half of a layer must not be taken for one.
        let doomed = path.with_file_name(format!(".{}{REMOVED}", name.display()));
        folders::remove(&doomed)?;
        fs::rename(path, &doomed)?;
        folders::remove(&doomed)
    }

    /// Removes what a crash left half made under `lease`, and half removed.
    pub(super) fn reclaim(&self, machine: &MachineName, lease: &LeaseId) -> io::Result<()> {
        let (start, end) = (format!(".{}", LayerName::PREFIX), format!(".{lease}"));
        for name in self.names(machine)? {
            let is_half = name.ends_with(&end) || name.ends_with(REMOVED);
            if name.starts_with(&start) && is_half {
                folders::remove(&self.dir.join(machine.as_str()).join(name))?;
            }
        }
        Ok(())
    }

    fn path(&self, machine: &MachineName, layer: &LayerName) -> PathBuf {
        self.dir.join(machine.as_str()).join(layer.as_str())
    }

    fn names(&self, machine: &MachineName) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.dir.join(machine.as_str())) {
            Ok(entries) => entries,
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(err) => return Err(err),
        };
        entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }
}

impl KeptLayer {
    /// Returns the path of one of its files.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Gives `to` its disks, so that an overlay there can stand on them.
    pub(super) fn lend_disks(&self, to: &Path) -> io::Result<()> {
        for name in &self.manifest.disks {
            fs::hard_link(self.dir.join(name), to.join(name))?;
        }
        Ok(())
    }
}

/// Makes all of a layer in the folder `dir`.
fn make(dir: &Path, files: ToKeep) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let is_template = files
        .session
        .as_ref()
        .is_some_and(|session| session.form == SessionForm::Template);
    let more = is_template.then_some([RAM, DEVICES]).into_iter().flatten();
    for name in files.disks.iter().map(String::as_str).chain(more) {
        let (from, to) = (files.from.join(name), dir.join(name));
        fs::set_permissions(&from, Permissions::from_mode(0o400))?;
        fs::hard_link(from, to)?;
    }
    let manifest = Manifest::describe(dir, files.kind, files.disks, files.session)?;
    manifest.write(dir)?;
    // A layer that is listed after a loss of power must have its content.
    Ok(rustix::fs::syncfs(File::open(dir)?)?)
}

#[cfg(test)]
mod tests;
