//! What a simulated cluster remembers between runs: layers and, for tests, every act that was
//! carried to its end. A file of lines, each written whole.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the simulated outside world, which the state must not know about"
)]

use crate::model::{LayerName, MachineName};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// The memory of a simulated cluster.
#[derive(Debug)]
pub struct SimWorld {
    file: Option<File>,
    path: PathBuf,
    layers: BTreeMap<MachineName, BTreeSet<LayerName>>,
}

/// The simulated world could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("failed to {what} the simulated world `{path}`")]
pub struct WorldError {
    what: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl SimWorld {
    /// Opens the world that is kept at `path`. A world that is not there yet is empty.
    pub fn open(path: &Path) -> Result<Self, WorldError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(err) if err.kind() == io::ErrorKind::NotFound => String::new(),
            Err(source) => {
                let path = path.into();
                return Err(WorldError {
                    what: "read",
                    path,
                    source,
                });
            }
        };
        let mut world = Self {
            file: None,
            path: path.into(),
            layers: BTreeMap::new(),
        };
        for line in text.lines() {
            let mut words = line.split('\t');
            let (what, machine, layer) = (words.next(), words.next(), words.next());
            if let (Some(machine), Some(layer)) = (machine, layer.and_then(LayerName::parse)) {
                let layers = world.layers.entry(machine.into()).or_default();
                match what {
                    Some("made") => drop(layers.insert(layer)),
                    Some("removed") => drop(layers.remove(&layer)),
                    _ => {}
                }
            }
        }
        Ok(world)
    }

    pub(super) fn layers(&self, machine: &MachineName) -> BTreeSet<LayerName> {
        self.layers.get(machine).cloned().unwrap_or_default()
    }

    pub(super) fn has(&self, machine: &MachineName, layer: &LayerName) -> bool {
        self.layers
            .get(machine)
            .is_some_and(|layers| layers.contains(layer))
    }

    pub(super) fn make(
        &mut self,
        machine: &MachineName,
        layer: &LayerName,
    ) -> Result<(), WorldError> {
        self.layers
            .entry(machine.clone())
            .or_default()
            .insert(layer.clone());
        self.write(&format!("made\t{machine}\t{layer}\n"))
    }

    pub(super) fn remove(
        &mut self,
        machine: &MachineName,
        layer: &LayerName,
    ) -> Result<(), WorldError> {
        if self
            .layers
            .get_mut(machine)
            .is_none_or(|layers| !layers.remove(layer))
        {
            return Ok(());
        }
        self.write(&format!("removed\t{machine}\t{layer}\n"))
    }

    /// Writes down that an act was carried to its end.
    pub(super) fn acted(&mut self, step: &str, hash: &str) -> Result<(), WorldError> {
        self.write(&format!("acted\t{step}\t{hash}\n"))
    }

    fn write(&mut self, line: &str) -> Result<(), WorldError> {
        let failed = |what, path: &Path, source| WorldError {
            what,
            path: path.into(),
            source,
        };
        let file = match &mut self.file {
            Some(file) => file,
            empty => {
                if let Some(dir) = self.path.parent() {
                    fs::create_dir_all(dir).map_err(|err| failed("create", &self.path, err))?;
                }
                let file = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&self.path);
                empty.insert(file.map_err(|err| failed("open", &self.path, err))?)
            }
        };
        file.write_all(line.as_bytes())
            .map_err(|err| failed("write", &self.path, err))
    }
}
