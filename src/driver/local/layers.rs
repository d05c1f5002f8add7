//! Kept states of private desktops: what was installed, below one folder for each machine.
//!
//! A layer is there as a whole or not at all: it is made under a name that is not listed, written
//! through to the disk, and then renamed.

use super::folders;
use crate::model::{LayerName, LeaseId, MachineName};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// All layers of all private desktops.
#[derive(Clone, Debug)]
pub(super) struct Layers {
    dir: PathBuf,
}

impl Layers {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Returns the layers of `machine`.
    pub(super) fn list(&self, machine: &MachineName) -> io::Result<BTreeSet<LayerName>> {
        let entries = match fs::read_dir(self.of(machine)) {
            Ok(entries) => entries,
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(err) => return Err(err),
        };
        let mut found = BTreeSet::new();
        for entry in entries {
            found.extend(entry?.file_name().to_str().and_then(LayerName::parse));
        }
        Ok(found)
    }

    /// Returns where `layer` lies, when it is there.
    pub(super) fn find(&self, machine: &MachineName, layer: &LayerName) -> Option<PathBuf> {
        let path = self.of(machine).join(layer.as_str());
        path.is_dir().then_some(path)
    }

    /// Keeps a copy of `prefix` as `layer`. Keeping one that is there already changes nothing.
    pub(super) fn keep(
        &self,
        machine: &MachineName,
        layer: &LayerName,
        lease: &LeaseId,
        prefix: &Path,
    ) -> io::Result<()> {
        if self.find(machine, layer).is_some() {
            return Ok(());
        }
        let dir = self.of(machine);
        fs::create_dir_all(&dir)?;
        let half_made = dir.join(format!(".{layer}.{lease}"));
        folders::remove(&half_made)?;
        folders::copy(prefix, &half_made)?;
        folders::make_read_only(&half_made)?;
        // A layer that is listed after a loss of power must have its content.
        rustix::fs::syncfs(File::open(&half_made)?)?;
        match fs::rename(&half_made, dir.join(layer.as_str())) {
            Err(_) if self.find(machine, layer).is_some() => folders::remove(&half_made),
            Err(err) => Err(err),
            Ok(()) => File::open(&dir)?.sync_all(),
        }
    }

    /// Removes `layer`. Removing one that is gone is no error.
    pub(super) fn remove(&self, machine: &MachineName, layer: &LayerName) -> io::Result<()> {
        let Some(path) = self.find(machine, layer) else {
            return Ok(());
        };
        // Out of the list first: half of a layer must not be taken for one.
        let doomed = self.of(machine).join(format!(".{layer}.removed"));
        folders::remove(&doomed)?;
        fs::rename(path, &doomed)?;
        folders::remove(&doomed)
    }

    /// Removes what a crash left half made under `lease`.
    pub(super) fn reclaim(&self, machine: &MachineName, lease: &LeaseId) -> io::Result<()> {
        let entries = match fs::read_dir(self.of(machine)) {
            Ok(entries) => entries,
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(err) => return Err(err),
        };
        let (start, end) = (format!(".{}", LayerName::PREFIX), format!(".{lease}"));
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(&start) && name.ends_with(&end) {
                folders::remove(&entry.path())?;
            }
        }
        Ok(())
    }

    fn of(&self, machine: &MachineName) -> PathBuf {
        self.dir.join(machine.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ContentHash, RunId};

    #[test]
    fn a_layer_is_kept_listed_and_removed() {
        let world = World::new();
        world.keep("a").unwrap();
        world.keep("a").unwrap();
        assert_eq!(world.list(), [layer("a")]);
        assert!(
            world
                .layers
                .find(&machine(), &layer("a"))
                .unwrap()
                .join("usr")
                .is_dir()
        );
        world.layers.remove(&machine(), &layer("a")).unwrap();
        world.layers.remove(&machine(), &layer("a")).unwrap();
        assert!(world.list().is_empty());
    }

    #[test]
    fn what_is_half_made_is_no_layer_and_is_reclaimed() {
        let world = World::new();
        let half_made = world
            .dir
            .path()
            .join(format!("layers/m/.{}.{}", layer("a"), lease()));
        fs::create_dir_all(half_made.join("usr")).unwrap();
        assert!(world.list().is_empty());
        world.layers.reclaim(&machine(), &lease()).unwrap();
        assert!(!half_made.exists());
    }

    struct World {
        dir: tempfile::TempDir,
        layers: Layers,
    }

    impl World {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir_all(dir.path().join("prefix/usr")).unwrap();
            let layers = Layers::new(dir.path().join("layers"));
            Self { dir, layers }
        }

        fn keep(&self, name: &str) -> io::Result<()> {
            let prefix = self.dir.path().join("prefix");
            self.layers
                .keep(&machine(), &layer(name), &lease(), &prefix)
        }

        fn list(&self) -> Vec<LayerName> {
            self.layers.list(&machine()).unwrap().into_iter().collect()
        }
    }

    fn machine() -> MachineName {
        MachineName::new("m")
    }

    fn layer(name: &str) -> LayerName {
        LayerName::of(ContentHash::of(name.as_bytes()))
    }

    fn lease() -> LeaseId {
        LeaseId::new(&RunId::new("r"), 1)
    }
}
