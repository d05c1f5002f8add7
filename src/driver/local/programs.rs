//! The programs a desktop is made of: which are needed, where they are, and what to install when
//! they are not there.
//!
//! Starts none of them.

use crate::{
    driver::process,
    model::{ContentHash, Session},
    port::ProviderError,
};
use std::{os::unix::fs::MetadataExt, path::PathBuf};

/// A kind of program that a desktop needs one of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    /// What it may be called, best first.
    names: &'static [&'static str],
    /// Debian's package that has the best of them.
    package: &'static str,
}

/// The X server that is a VNC server as well.
pub(super) const X_SERVER: Need = need(&["Xtigervnc", "Xvnc"], "tigervnc-standalone-server");
/// What gives windows their frames and the focus on X11.
pub(super) const WINDOW_MANAGER: Need = need(
    &["openbox", "xfwm4", "metacity", "matchbox-window-manager"],
    "openbox",
);
/// The Wayland compositor.
pub(super) const COMPOSITOR: Need = need(&["sway"], "sway");
/// What shows a Wayland compositor's output over VNC.
pub(super) const WAYLAND_VNC: Need = need(&["wayvnc"], "wayvnc");
/// The message bus.
pub(super) const BUS: Need = need(&["dbus-daemon"], "dbus");
/// What takes `.deb` files apart.
pub(super) const DEB_UNPACKER: Need = need(&["dpkg-deb"], "dpkg");
/// What takes archives apart.
pub(super) const TAR: Need = need(&["tar"], "tar");
/// The accessibility bus, which the message bus starts when it is asked for.
const ACCESSIBILITY: Need = need(
    &[
        "/usr/libexec/at-spi-bus-launcher",
        "/usr/lib/at-spi2-core/at-spi-bus-launcher",
        "/usr/lib/at-spi-bus-launcher",
    ],
    "at-spi2-core",
);

const fn need(names: &'static [&'static str], package: &'static str) -> Need {
    Need { names, package }
}

/// Returns what a desktop of this kind cannot do without.
pub(super) fn needs(session: Session) -> &'static [Need] {
    match session {
        Session::X11 => &[X_SERVER, WINDOW_MANAGER, BUS, ACCESSIBILITY, DEB_UNPACKER],
        Session::Wayland => &[COMPOSITOR, WAYLAND_VNC, BUS, ACCESSIBILITY, DEB_UNPACKER],
        Session::None => &[BUS, DEB_UNPACKER],
    }
}

impl Need {
    /// Returns the path of the best program there is in the folders of `path_var`.
    pub(super) fn find(&self, path_var: &str) -> Result<PathBuf, ProviderError> {
        let found = |name: &&str| process::find_program(name, path_var);
        self.names
            .iter()
            .find_map(found)
            .ok_or_else(|| self.missing())
    }

    fn missing(&self) -> ProviderError {
        let best = self.names[0];
        ProviderError::MissingProgram {
            program: best.rsplit('/').next().unwrap_or(best).into(),
            package: self.package.into(),
        }
    }
}

/// Returns what tells these programs from other versions of them, or the first that is missing.
///
/// Path, size and time of change stand for the content: asking each for its version would take
/// longer than starting a desktop.
pub(super) fn identity(session: Session, path_var: &str) -> Result<String, ProviderError> {
    let mut lines = vec![format!("local 1 {}", session.as_str())];
    for need in needs(session) {
        let path = need.find(path_var)?;
        let meta = path.metadata().map_err(|_| need.missing())?;
        let (path, size) = (path.display(), meta.size());
        let (seconds, nanoseconds) = (meta.mtime(), meta.mtime_nsec());
        lines.push(format!("{path} {size} {seconds}.{nanoseconds:09}"));
    }
    Ok(ContentHash::of(lines.join("\n").as_bytes()).short())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_names_its_package() {
        let err = X_SERVER.find("/nowhere").unwrap_err();
        assert_eq!(
            err.to_string(),
            "`Xtigervnc` is not installed; it is in the package `tigervnc-standalone-server`"
        );
    }

    #[test]
    fn the_identity_changes_with_a_program() {
        let bin = tempfile::tempdir().unwrap();
        for name in ["dbus-daemon", "dpkg-deb"] {
            put(&bin.path().join(name), "one");
        }
        let path_var = bin.path().to_str().unwrap();
        let before = identity(Session::None, path_var).unwrap();
        assert_eq!(identity(Session::None, path_var).unwrap(), before);
        put(&bin.path().join("dbus-daemon"), "another");
        assert_ne!(identity(Session::None, path_var).unwrap(), before);
    }

    fn put(path: &std::path::Path, text: &str) {
        use std::{io::Write, os::unix::fs::OpenOptionsExt};
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o755)
            .open(path)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }
}
