//! The variables of a session: few, and all of them chosen here.
//!
//! Nothing reaches a desktop from the user's own session but where programs are looked for.

use super::folder::Folder;
use crate::model::Session;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Where data of the system lies when nobody says otherwise.
const SYSTEM_DATA: &str = "/usr/local/share:/usr/share";

/// Returns what every program of a desktop sees, whatever its kind.
pub(super) fn of_session(
    session: Session,
    folder: &Folder,
    path_var: &str,
) -> BTreeMap<String, String> {
    let home = folder.home();
    let text = |path: PathBuf| path.display().to_string();
    let mut variables: BTreeMap<String, String> = [
        ("PATH", path_var.to_owned()),
        ("HOME", text(home.clone())),
        ("TMPDIR", text(folder.temp())),
        ("LANG", "C.UTF-8".into()),
        ("SHELL", "/bin/sh".into()),
        ("XDG_RUNTIME_DIR", text(folder.runtime())),
        ("XDG_CONFIG_HOME", text(home.join(".config"))),
        ("XDG_DATA_HOME", text(home.join(".local/share"))),
        ("XDG_STATE_HOME", text(home.join(".local/state"))),
        ("XDG_CACHE_HOME", text(home.join(".cache"))),
        ("XDG_DATA_DIRS", SYSTEM_DATA.into()),
        ("XDG_SESSION_TYPE", session_type(session).into()),
        // Settings start from their defaults and are written nowhere.
        ("GSETTINGS_BACKEND", "memory".into()),
        // What programs look at before they show themselves to the accessibility bus.
        ("QT_ACCESSIBILITY", "1".into()),
        ("QT_LINUX_ACCESSIBILITY_ALWAYS_ON", "1".into()),
        ("ACCESSIBILITY_ENABLED", "1".into()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if session == Session::Wayland {
        variables.insert("XDG_CURRENT_DESKTOP".into(), "sway".into());
    }
    variables
}

/// Puts what is installed in `prefix` before what the system has.
pub(super) fn add_prefix(variables: &mut BTreeMap<String, String>, prefix: &Path) {
    let libraries = library_folders(prefix);
    let types = libraries.iter().map(|dir| dir.join("girepository-1.0"));
    let lists = [
        ("PATH", vec![prefix.join("usr/bin"), prefix.join("bin")]),
        ("XDG_DATA_DIRS", vec![prefix.join("usr/share")]),
        (
            "GI_TYPELIB_PATH",
            types.filter(|dir| dir.is_dir()).collect(),
        ),
        ("LD_LIBRARY_PATH", libraries.clone()),
    ];
    for (name, folders) in lists {
        let own = folders.iter().map(|dir| dir.display().to_string());
        let rest = variables.get(name).cloned();
        let all: Vec<String> = own.chain(rest).collect();
        if !all.is_empty() {
            variables.insert(name.into(), all.join(":"));
        }
    }
}

/// Returns the folders of `prefix` that hold libraries: `usr/lib`, `usr/lib/x86_64-linux-gnu`.
fn library_folders(prefix: &Path) -> Vec<PathBuf> {
    let lib = prefix.join("usr/lib");
    let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
    let holds_libraries = |dir: &PathBuf| {
        let entries = dir.read_dir().into_iter().flatten().flatten();
        entries
            .map(|entry| entry.file_name())
            .any(|name| is_library(&name.to_string_lossy()) || name == "girepository-1.0")
    };
    [lib.join(triplet), lib]
        .into_iter()
        .filter(holds_libraries)
        .collect()
}

fn is_library(name: &str) -> bool {
    name.starts_with("lib") && name.contains(".so")
}

fn session_type(session: Session) -> &'static str {
    match session {
        Session::X11 => "x11",
        Session::Wayland => "wayland",
        Session::None => "tty",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_comes_first() {
        let dir = tempfile::tempdir().unwrap();
        let prefix = dir.path();
        let mut variables = BTreeMap::from([("PATH".to_owned(), "/usr/bin".to_owned())]);
        add_prefix(&mut variables, prefix);
        let wanted = format!("{0}/usr/bin:{0}/bin:/usr/bin", prefix.display());
        assert_eq!(variables["PATH"], wanted);
        assert!(!variables.contains_key("LD_LIBRARY_PATH"));
    }

    #[test]
    fn libraries_are_found_where_there_are_some() {
        let dir = tempfile::tempdir().unwrap();
        let lib = dir.path().join("usr/lib");
        std::fs::create_dir_all(lib.join("notes")).unwrap();
        assert!(library_folders(dir.path()).is_empty());
        drop(std::fs::File::create(lib.join("libnotes.so.1")).unwrap());
        assert_eq!(library_folders(dir.path()), [lib]);
    }
}
