//! What installs packages on a Linux machine, and what its words mean.
//!
//! It runs nothing. What a tool says against a package is the package's failure. What stood in the
//! tool's way tells nothing about the package.

use super::quote::quoted;
use crate::port::Exit;

/// Only so many of a tool's last lines are shown.
const SHOWN_LINES: usize = 25;

/// A script that installs a package, and who does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tool {
    /// What people call it.
    pub(super) name: String,
    /// What a shell runs in the package's folder.
    pub(super) script: String,
}

impl Tool {
    /// Returns the command of a plan file, with `{file}` filled in.
    pub(super) fn given(command: &str, file: &str) -> Self {
        Self {
            name: command.to_owned(),
            script: command.replace("{file}", &quoted(file)),
        }
    }

    /// Returns the distribution's own tool for a package of this format. A single program becomes
    /// `program`. `None` when nobody knows the format.
    pub(super) fn of_format(format: &str, file: &str, program: Option<&str>) -> Option<Self> {
        let package = quoted(&format!("./{file}"));
        let (name, command) = match format.to_lowercase().as_str() {
            "deb" => ("apt-get", format!("as_root {APT} {package}")),
            "rpm" => ("dnf, zypper", rpm_script(&package)),
            "appimage" => ("install", copy_script(&package, file, program)),
            "flatpak" => (
                "flatpak",
                format!("flatpak install --user --noninteractive -y --reinstall {package}"),
            ),
            "snap" => (
                "snap",
                format!("as_root snap install --dangerous {package}"),
            ),
            "pacman" | "pkg" | "arch" => {
                ("pacman", format!("as_root pacman -U --noconfirm {package}"))
            }
            it if it.starts_with("pkg.tar") => {
                ("pacman", format!("as_root pacman -U --noconfirm {package}"))
            }
            it if it.starts_with("tar") || ["tgz", "txz", "tzst"].contains(&it) => (
                "tar",
                format!("as_root tar -xf {package} -C / {TAR_OPTIONS}"),
            ),
            _ => return None,
        };
        Some(Self {
            name: name.to_owned(),
            script: format!("{AS_ROOT}\n{command}"),
        })
    }
}

const AS_ROOT: &str = r#"as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }"#;

/// The same version may be there already, and a newer one as well: what is wanted is this package.
const APT: &str = "env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get install -y \
    --no-install-recommends --allow-downgrades --reinstall -o DPkg::Lock::Timeout=120 \
    -o Dpkg::Use-Pty=0";

/// What the system's folders are stays as it is.
const TAR_OPTIONS: &str = "--no-same-owner --no-overwrite-dir --keep-directory-symlink";

fn rpm_script(package: &str) -> String {
    format!(
        "if command -v dnf >/dev/null; then\n\
         as_root dnf install -y --setopt=install_weak_deps=False {package}\n\
         elif command -v zypper >/dev/null; then\n\
         as_root zypper --non-interactive --no-gpg-checks install --no-recommends \
         --allow-unsigned-rpm {package}\n\
         else echo 'there is neither dnf nor zypper'; exit 127; fi"
    )
}

/// Puts a single program where it is expected, or where programs are.
fn copy_script(package: &str, file: &str, program: Option<&str>) -> String {
    let place = program.map_or_else(|| format!("/usr/bin/{file}"), ToOwned::to_owned);
    let place = quoted(&place.replace("{file}", file));
    format!(
        "install -D -m 755 {package} {place} 2>/dev/null || \
         as_root install -D -m 755 {package} {place}"
    )
}

/// How an attempt to install went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// The tool is content.
    Done,
    /// The tool refused the package, in these words.
    Refused(String),
    /// Something else stood in the way.
    Hindered(String),
}

/// What is to be known about a machine whose tool failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Site {
    /// Whether it has no list of packages that others could be had from.
    pub(super) has_no_lists: bool,
}

/// Judges what `name` came to.
pub(super) fn judge(name: &str, exit: Exit, words: &str, site: Site) -> Attempt {
    let said = format!("`{name}` {exit}\n{}", last_lines(words));
    let said = said.trim_end().to_owned();
    let hint = |hint: &str| Attempt::Hindered(format!("{hint}\n{said}"));
    match exit {
        Exit::Code(0) => Attempt::Done,
        Exit::Signal(_) => Attempt::Hindered(said),
        Exit::Code(127) => hint("what installs it is not there"),
        Exit::Code(_) if !asks_sudo(words).is_empty() => {
            hint("the user may not become root without a password")
        }
        Exit::Code(_) if has_any(words, &["No space left on device"]) => {
            hint("the machine's disk is full")
        }
        Exit::Code(_) if has_any(words, &["Could not get lock", "Waiting for cache lock"]) => {
            hint("another program holds the package manager's lock")
        }
        Exit::Code(_) if has_any(words, UNREACHABLE) => {
            hint("what it needs could not be fetched; is the machine's network `closed`?")
        }
        Exit::Code(_) if site.has_no_lists && lacks_packages(words) => hint(
            "the machine has no lists of packages, so that what it needs cannot be had; \
             make its image with them, or have the `install` command fetch them",
        ),
        Exit::Code(_) => Attempt::Refused(said),
    }
}

/// Whether a tool said that packages are missing which this one needs.
pub(super) fn lacks_packages(words: &str) -> bool {
    has_any(
        words,
        &[
            "is not installable",
            "not going to be installed",
            "unmet dependencies",
            "Unable to locate package",
        ],
    )
}

/// What tools say when they reach nobody.
const UNREACHABLE: &[&str] = &[
    "Could not resolve",
    "Temporary failure resolving",
    "Temporary failure in name resolution",
    "Failed to fetch",
    "Unable to fetch some archives",
    "Could not connect to",
    "Network is unreachable",
    "Curl error",
    "Cannot download",
    "Failed to download",
    "failed retrieving file",
    "Unable to load from remote",
];

fn has_any(words: &str, texts: &[&str]) -> bool {
    texts.iter().any(|text| words.contains(text))
}

/// Returns the lines that tell that `sudo` wants to ask, or says no.
fn asks_sudo(words: &str) -> Vec<&str> {
    let asks = |line: &&str| {
        line.starts_with("sudo: ")
            && (line.contains("password is required")
                || line.contains("terminal is required")
                || line.contains("not allowed"))
            || line.contains("is not in the sudoers file")
    };
    words.lines().filter(asks).collect()
}

fn last_lines(words: &str) -> String {
    let lines: Vec<&str> = words.trim().lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Site = Site {
        has_no_lists: false,
    };

    fn hindered(exit: Exit, words: &str, site: Site) -> String {
        match judge("apt-get", exit, words, site) {
            Attempt::Hindered(why) => why,
            other @ (Attempt::Done | Attempt::Refused(_)) => panic!("{words}: {other:?}"),
        }
    }

    #[test]
    fn what_a_tool_says_against_a_package_is_a_refusal() {
        let words = "dpkg-deb: error: not a Debian format archive\n";
        let refused = judge("apt-get", Exit::Code(100), words, KNOWN);
        let said = format!("`apt-get` exited with 100\n{}", words.trim());
        assert_eq!(refused, Attempt::Refused(said));
        let unmet = "notes : Depends: nothing-such but it is not installable";
        let refused = judge("apt-get", Exit::Code(100), unmet, KNOWN);
        assert!(matches!(refused, Attempt::Refused(_)), "{refused:?}");
        assert_eq!(
            judge("apt-get", Exit::Code(0), "E: odd", KNOWN),
            Attempt::Done
        );
    }

    #[test]
    fn what_stands_in_a_tools_way_is_no_refusal() {
        for words in [
            "sudo: a password is required",
            "tester is not in the sudoers file.",
            "tar: notes: Cannot write: No space left on device",
            "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt)",
            "Err:1 http://example.org Temporary failure resolving 'example.org'",
            "E: Failed to fetch http://example.org/x.deb",
        ] {
            hindered(Exit::Code(100), words, KNOWN);
        }
        hindered(Exit::Code(127), "sh: 1: apt-get: not found", KNOWN);
        hindered(Exit::Signal(9), "", KNOWN);
        let unmet = "notes : Depends: libnotes but it is not installable";
        let site = Site { has_no_lists: true };
        let why = hindered(Exit::Code(100), unmet, site);
        assert!(
            why.contains("no lists of packages") && why.contains(unmet),
            "{why}"
        );
    }

    #[test]
    fn only_the_last_words_are_shown() {
        let words: Vec<String> = (0..100).map(|n| format!("line {n}")).collect();
        let Attempt::Refused(said) = judge("rpm", Exit::Code(1), &words.join("\n"), KNOWN) else {
            panic!("not refused");
        };
        assert_eq!(said.lines().count(), 1 + SHOWN_LINES);
        assert!(said.ends_with("line 99"), "{said}");
    }

    #[test]
    fn a_plan_files_command_gets_the_files_name() {
        let tool = Tool::given("sudo apt install -y /tmp/{file}", "notes_1~rc1.deb");
        assert_eq!(tool.script, "sudo apt install -y /tmp/'notes_1~rc1.deb'");
    }

    #[test]
    fn formats_have_their_tools() {
        let name = |format: &str| Tool::of_format(format, "notes", None).map(|tool| tool.name);
        for (format, tool) in [
            ("deb", "apt-get"),
            ("RPM", "dnf, zypper"),
            ("tar.gz", "tar"),
            ("pkg.tar.zst", "pacman"),
            ("AppImage", "install"),
        ] {
            assert_eq!(name(format).as_deref(), Some(tool), "{format}");
        }
        assert_eq!(name("exe"), None);
        let single = Tool::of_format("appimage", "N.AppImage", Some("/opt/{file}")).unwrap();
        assert!(
            single.script.ends_with(" ./N.AppImage /opt/N.AppImage"),
            "{}",
            single.script
        );
    }
}
