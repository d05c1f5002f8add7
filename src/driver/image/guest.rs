//! What is written into a guest: files laid over a plain Debian, and the scripts that do it.
//!
//! Plain data. The files themselves lie in `guest/`, where they read like what they become.

use crate::model::Session;

/// A file of the guest.
#[derive(Clone, Copy, Debug)]
pub(super) struct GuestFile {
    /// Where it lies, without the leading `/`.
    pub(super) path: &'static str,
    /// Its content.
    pub(super) text: &'static str,
    /// Whether it is a program.
    pub(super) is_program: bool,
    /// The session that it is for; `None` when every guest has it.
    pub(super) session: Option<Session>,
}

macro_rules! files {
    ($($kind:ident $session:expr, $path:literal;)*) => {
        &[$(GuestFile {
            path: $path,
            text: include_str!(concat!("guest/files/", $path)),
            is_program: is_program(stringify!($kind)),
            session: $session,
        }),*]
    };
}

const fn is_program(kind: &str) -> bool {
    matches!(kind.as_bytes(), b"program")
}

const ALL: Option<Session> = None;
const X11: Option<Session> = Some(Session::X11);
const WAYLAND: Option<Session> = Some(Session::Wayland);

/// Every file of every guest.
pub(super) const FILES: &[GuestFile] = files! {
    text ALL, "etc/locale.conf";
    text ALL, "etc/environment";
    text ALL, "etc/fstab";
    text ALL, "etc/gtk-3.0/settings.ini";
    text ALL, "etc/hostname";
    text ALL, "etc/hosts";
    text ALL, "etc/pam.d/mosdat-desktop";
    text ALL, "etc/pam.d/sshd";
    text ALL, "etc/resolv.conf";
    text ALL, "etc/ssh/sshd_config.d/mosdat.conf";
    text ALL, "etc/systemd/journald.conf.d/mosdat.conf";
    text ALL, "etc/systemd/system/mosdat-network.service";
    text ALL, "etc/systemd/system/ssh.service.d/mosdat.conf";
    text ALL, "etc/udev/rules.d/99-mosdat.rules";
    text ALL, "usr/lib/systemd/user/mosdat-desktop.target";
    text ALL, "usr/share/glib-2.0/schemas/90_mosdat.gschema.override";
    program ALL, "usr/lib/mosdat/network";
    text ALL, "etc/systemd/system/getty@tty1.service.d/mosdat.conf";
    text X11, "etc/X11/xorg.conf.d/10-mosdat.conf";
    text X11, "etc/mosdat/tint2rc";
    text X11, "etc/systemd/system/mosdat-x11.service";
    program X11, "usr/lib/mosdat/x11";
    program X11, "usr/lib/mosdat/x11-ready";
    program X11, "usr/lib/mosdat/x11-session";
    text WAYLAND, "etc/mosdat/sway.conf";
    text WAYLAND, "etc/systemd/system/mosdat-wayland.service";
    program WAYLAND, "usr/lib/mosdat/wayland";
    program WAYLAND, "usr/lib/mosdat/wayland-ready";
};

/// The script that makes a guest of a plain Debian, run within it.
pub(super) const CONFIGURE: &str = include_str!("guest/configure");

/// The first program of the initrd.
pub(super) const INIT: &str = include_str!("guest/init");

/// Kernel modules that a guest keeps, a name a line, with all that they need. Those that a kernel
/// does not have, or has built in, are passed over.
pub(super) const MODULES: &str = include_str!("guest/modules");

/// Kernel modules that are loaded before the disk is there, in this order.
pub(super) const INITRD_MODULES: &str = include_str!("guest/initrd-modules");

/// Units that a guest does not need, which cost time at each start.
pub(super) const MASKED: &str = include_str!("guest/masked");

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        collections::BTreeSet,
        fs,
        path::{Path, PathBuf},
    };

    fn below(dir: &Path, root: &Path, found: &mut BTreeSet<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                below(&path, root, found);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }

    #[test]
    fn no_file_of_the_guest_is_forgotten() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/driver/image/guest/files");
        let mut there = BTreeSet::new();
        below(&root, &root, &mut there);
        let known: BTreeSet<_> = FILES.iter().map(|file| PathBuf::from(file.path)).collect();
        assert_eq!(there, known);
        for file in FILES {
            assert_eq!(
                file.is_program,
                file.text.starts_with("#!"),
                "{}",
                file.path
            );
        }
    }
}
