//! What is installed on a desktop: a folder of its own, or a layer that is only read.
//!
//! Starting from a layer copies nothing. Only a second installation needs a copy to change.

use super::{
    folder::{self, Folder, User},
    folders, variables,
};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// The folder that stands for `/` as far as the package goes.
#[derive(Debug)]
pub(super) struct Installed {
    own: PathBuf,
    /// Whose `own` is; mosdat's own user when missing.
    user: Option<User>,
    layer: Mutex<Option<PathBuf>>,
}

impl Installed {
    /// Starts from `layer`, or from nothing. A layer that the desktop's user cannot get to is
    /// copied.
    pub(super) fn new(
        folder: &Folder,
        layer: Option<PathBuf>,
        user: Option<User>,
    ) -> io::Result<Self> {
        let is_out_of_reach = |layer: &PathBuf| !folder::is_open_to_all(layer);
        let must_copy = user.is_some() && layer.as_ref().is_some_and(is_out_of_reach);
        let installed = Self {
            own: folder.prefix(),
            user,
            layer: Mutex::new(layer),
        };
        if must_copy {
            installed.to_change()?;
        }
        Ok(installed)
    }

    /// Returns the folder, to be read.
    pub(super) fn path(&self) -> PathBuf {
        let layer = self.layer.lock().unwrap_or_else(PoisonError::into_inner);
        layer.clone().unwrap_or_else(|| self.own.clone())
    }

    /// Returns the folder, to be changed.
    pub(super) fn to_change(&self) -> io::Result<PathBuf> {
        let mut layer = self.layer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = &*layer {
            copy_for_change(path, &self.own, self.user)?;
            *layer = None;
        }
        Ok(self.own.clone())
    }

    /// Returns the variables of the session and of what is installed.
    pub(super) fn variables(&self, session: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut all = session.clone();
        variables::add_prefix(&mut all, &self.path());
        all
    }
}

fn copy_for_change(layer: &Path, own: &Path, user: Option<User>) -> io::Result<()> {
    folders::remove(own)?;
    folders::copy(layer, own)?;
    folders::make_writable(own, user)
}
