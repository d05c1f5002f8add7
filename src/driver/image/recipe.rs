//! What an image is made of, as plain data. Making it is the [`ImageBuilder`](super::ImageBuilder)'s.
//!
//! Two recipes that say the same have the same digest, and what a digest stands for is never made
//! twice.

use super::guest::{self, GuestFile};
use crate::model::{ContentHash, Describe, Manifest, Session, fingerprint};
use std::{collections::BTreeSet, str::FromStr};

/// Goes up when images are put together in another way, so that all are made anew.
const GENERATION: &str = "1";

/// The user whose desktop an image shows.
pub(super) const USER: &str = "tester";

/// What the kernel is told, but for the session: where the disk is, to say on the serial line only
/// what is wrong, and to leave out what costs a virtual machine time.
pub(super) const ARGUMENTS: &str = "root=/dev/vda console=ttyS0 quiet loglevel=3 \
    systemd.show_status=0 mitigations=off random.trust_cpu=1 tsc=reliable no_timer_check \
    net.ifnames=0";

/// A release that images can be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// Debian 12, "bookworm".
    Debian12,
    /// Debian 13, "trixie".
    Debian13,
}

impl Release {
    /// Every release, in order.
    pub const ALL: [Self; 2] = [Self::Debian12, Self::Debian13];

    /// Returns the word used on the command line, which images are called by as well.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debian12 => "debian12",
            Self::Debian13 => "debian13",
        }
    }

    /// Returns the name that mirrors keep it under.
    pub fn suite(self) -> &'static str {
        match self {
            Self::Debian12 => "bookworm",
            Self::Debian13 => "trixie",
        }
    }

    /// Returns what mmdebstrap is told for this release alone.
    pub(super) fn bootstrap(self) -> &'static [&'static str] {
        match self {
            // Or else it merges `/usr` by a package that brings all of Perl along.
            Self::Debian12 => &["--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"],
            Self::Debian13 => &[],
        }
    }

    /// Returns the packages that differ from release to release.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Debian12 => &["libasound2", "usr-is-merged"],
            Self::Debian13 => &["libasound2t64"],
        }
    }
}

impl FromStr for Release {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL
            .into_iter()
            .find(|release| release.as_str() == text);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(" and ");
            format!("there is no recipe for `{text}`; there are {names}")
        })
    }
}

/// What an image is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The release.
    pub release: Release,
    /// The sessions it can show; which it does is said when a machine starts.
    pub sessions: BTreeSet<Session>,
    /// Debian packages that it has besides.
    pub packages: BTreeSet<String>,
}

impl Recipe {
    /// Returns its digest.
    pub fn digest(&self) -> ContentHash {
        fingerprint(self)
    }

    /// Returns every Debian package that is asked for by name, in order.
    pub fn all_packages(&self) -> BTreeSet<&str> {
        let mut all: BTreeSet<&str> = BASE.iter().copied().collect();
        all.extend(self.release.packages());
        if self.sessions.contains(&Session::X11) {
            all.extend(X11);
        }
        if self.sessions.contains(&Session::Wayland) {
            all.extend(WAYLAND);
        }
        all.extend(self.packages.iter().map(String::as_str));
        all
    }

    /// Returns every file that is written into it.
    pub(super) fn files(&self) -> impl Iterator<Item = &'static GuestFile> {
        guest::FILES.iter().filter(|file| {
            file.session
                .is_none_or(|session| self.sessions.contains(&session))
        })
    }
}

impl Describe for Recipe {
    fn describe(&self, to: &mut dyn Manifest) {
        to.part("generation", GENERATION);
        to.part("suite", self.release.suite());
        to.part("user", USER);
        to.part("arguments", ARGUMENTS);
        for session in &self.sessions {
            to.part("session", session.as_str());
        }
        for package in self.all_packages() {
            to.part("package", package);
        }
        for option in self.release.bootstrap() {
            to.part("bootstrap", option);
        }
        for pattern in LEFT_OUT {
            to.part("left out", pattern);
        }
        for file in self.files() {
            let kind = if file.is_program { "program" } else { "file" };
            to.part(&format!("{kind} {}", file.path), file.text);
        }
        to.part("configure", guest::CONFIGURE);
        to.part("init", guest::INIT);
        to.part("modules", guest::MODULES);
        to.part("initrd modules", guest::INITRD_MODULES);
        to.part("masked", guest::MASKED);
    }
}

/// Files of packages that an image goes without. What is installed later has all of its files.
pub(super) const LEFT_OUT: &[&str] = &[
    "/usr/share/backgrounds/*",
    "/usr/share/doc/*",
    "/usr/share/gtk-doc/*",
    "/usr/share/help/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/share/man/*",
    "/usr/lib/udev/hwdb.d/*",
    // Modules for devices that QEMU does not have, by the megabyte. The rest of what is not needed
    // goes later, when it is known what needs what.
    "*/lib/modules/*/kernel/drivers/gpu/drm/amd/*",
    "*/lib/modules/*/kernel/drivers/gpu/drm/i915/*",
    "*/lib/modules/*/kernel/drivers/gpu/drm/nouveau/*",
    "*/lib/modules/*/kernel/drivers/gpu/drm/radeon/*",
    "*/lib/modules/*/kernel/drivers/gpu/drm/xe/*",
    "*/lib/modules/*/kernel/drivers/iio/*",
    "*/lib/modules/*/kernel/drivers/infiniband/*",
    "*/lib/modules/*/kernel/drivers/media/*",
    "*/lib/modules/*/kernel/drivers/net/ethernet/*",
    "*/lib/modules/*/kernel/drivers/net/wireless/*",
    "*/lib/modules/*/kernel/drivers/staging/*",
    "*/lib/modules/*/kernel/fs/btrfs/*",
    "*/lib/modules/*/kernel/fs/ocfs2/*",
    "*/lib/modules/*/kernel/fs/xfs/*",
];

/// Packages of every image: a system that boots, can be talked to, and has what desktop apps
/// commonly rest on.
const BASE: &[&str] = &[
    // Start and devices.
    "busybox-static",
    "kmod",
    "linux-image-amd64",
    "login",
    "passwd",
    "systemd",
    "systemd-sysv",
    "udev",
    "util-linux-extra",
    // Sessions.
    "dbus",
    "dbus-user-session",
    "libpam-systemd",
    "sudo",
    // Ways in.
    "openssh-server",
    "qemu-guest-agent",
    // Tools that tests and people expect.
    "ca-certificates",
    "e2fsprogs",
    "iproute2",
    "less",
    "procps",
    "xdg-utils",
    // Accessibility and GTK.
    "adwaita-icon-theme",
    "at-spi2-core",
    "fontconfig",
    "fonts-dejavu-core",
    "gir1.2-gtk-3.0",
    "gsettings-desktop-schemas",
    "gtk-update-icon-cache",
    "python3-gi",
    // What packages of desktop apps ask for, so that they install without a network.
    "libgl1",
    "libnotify4",
    "libnss3",
    "libsecret-1-0",
    "libxss1",
    "libxtst6",
];

/// Packages of images that can show X11.
const X11: &[&str] = &[
    "hsetroot",
    "openbox",
    "tint2",
    "wmctrl",
    "x11-utils",
    "xauth",
    "xclip",
    "xinit",
    "xserver-xorg-core",
    "xserver-xorg-input-libinput",
    "xterm",
];

/// Packages of images that can show Wayland.
const WAYLAND: &[&str] = &[
    "grim",
    "sway",
    "swaybg",
    "wl-clipboard",
    "xterm",
    "xwayland",
];
