//! The environment of this process. The only place that reads it.

use super::{arguments::Global, error::CliError, face::Face};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// What the environment and the options of every command come to.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Where to show things.
    pub(super) face: Face,
    /// Where state is kept, when the user says so.
    pub(super) state_dir: Option<PathBuf>,
    /// The environment that drivers are given parts of.
    pub(super) environment: BTreeMap<String, String>,
    /// What is logged, in the words of `tracing`.
    pub(super) log: String,
}

impl Settings {
    /// Reads the environment.
    pub(super) fn read(global: &Global) -> Self {
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let get = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let columns = get("COLUMNS").and_then(|columns| columns.parse().ok());
        let size = rustix::termios::tcgetwinsize(std::io::stderr()).ok();
        let columns = columns.or(size.map(|size| usize::from(size.ws_col)).filter(|n| *n > 0));
        let is_dumb = get("TERM").is_some_and(|term| term == "dumb");
        let default = if global.verbose {
            "mosdat=debug"
        } else {
            "mosdat=warn"
        };
        Self {
            face: Face::new(global.color, get("NO_COLOR").is_some(), columns, is_dumb),
            state_dir: global.state_dir.clone(),
            log: get("MOSDAT_LOG").map_or_else(|| default.into(), Clone::clone),
            environment,
        }
    }

    /// Returns the folder of guest images: what was typed, then what the environment says, then what
    /// the plan file says, then a folder among the user's data.
    pub(super) fn images_dir(
        &self,
        typed: Option<&Path>,
        planned: Option<&Path>,
    ) -> Result<PathBuf, CliError> {
        let get = |name: &str| {
            let value = self.environment.get(name);
            value.filter(|value| !value.is_empty()).map(PathBuf::from)
        };
        let usual = || {
            let data = get("XDG_DATA_HOME").filter(|path| path.is_absolute());
            let data = data.or_else(|| Some(get("HOME")?.join(".local/share")))?;
            Some(data.join("mosdat/images"))
        };
        typed
            .map(Path::to_path_buf)
            .or_else(|| get("MOSDAT_IMAGES"))
            .or_else(|| planned.map(Path::to_path_buf))
            .or_else(usual)
            .ok_or_else(|| {
                CliError::Usage(
                    "you have no home folder; say where images lie: --images DIR".into(),
                )
            })
    }

    /// Returns the folders in which models that read text may lie: where the environment says, or
    /// else the user's cache and what lies beside the program.
    pub(super) fn model_folders(&self) -> Vec<PathBuf> {
        let get = |name: &str| {
            let value = self.environment.get(name);
            value.filter(|value| !value.is_empty()).map(PathBuf::from)
        };
        if let Some(folder) = get("MOSDAT_OCR_MODELS") {
            return vec![folder];
        }
        let cache = get("XDG_CACHE_HOME").filter(|path| path.is_absolute());
        let cache = cache.or_else(|| Some(get("HOME")?.join(".cache")));
        let program = std::env::current_exe().ok();
        let beside = program
            .as_deref()
            .and_then(Path::parent)
            .map(|dir| dir.join("mosdat-ocr"));
        let users = cache.map(|cache| cache.join("mosdat/ocr"));
        users.into_iter().chain(beside).collect()
    }

    /// Returns the name of the user, for people.
    pub(super) fn user(&self) -> String {
        let names = ["USER", "LOGNAME"]
            .iter()
            .filter_map(|name| self.environment.get(*name));
        names
            .map(Clone::clone)
            .next()
            .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
    }

    /// Returns the name of this computer.
    pub(super) fn host() -> String {
        rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned()
    }
}

/// Puts the user's home in place of `~`, wherever the plan file lies.
pub(super) fn at_home(file: &Path, environment: &BTreeMap<String, String>) -> PathBuf {
    let home = environment.get("HOME").filter(|home| !home.is_empty());
    let mut parts = file.components();
    let has_tilde = parts.any(|part| part.as_os_str() == "~");
    match home.filter(|_| has_tilde) {
        Some(home) => Path::new(home).join(parts.as_path()),
        None => file.to_path_buf(),
    }
}
