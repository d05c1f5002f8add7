//! What lies behind a program's complaint, as far as its words tell.
//!
//! Only reads text. What to do about it is said where errors are shown.

/// What keeps an image from being made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The mirror cannot be reached.
    Network,
    /// The mirror does not keep the release, or not all of it.
    Mirror,
    /// Nobody here knows the keys that the release is signed with.
    Keys,
    /// The clock of this computer and the dates of the release do not go together.
    Clock,
    /// The release has no such package.
    Package(String),
    /// The disk is full.
    Room,
    /// This user may not have user namespaces, or no user ids for them.
    Namespaces,
    /// Nobody thought of this.
    Unknown,
}

/// Returns what lies behind the end of a program's output.
pub(super) fn of(tail: &str) -> Trouble {
    let says = |words: &[&str]| words.iter().any(|word| tail.contains(word));
    if let Some(package) = missing_package(tail) {
        return Trouble::Package(package);
    }
    if says(&[
        "No space left on device",
        "not enough free space",
        "Disk quota exceeded",
    ]) {
        Trouble::Room
    } else if says(&[
        "NO_PUBKEY",
        "is not signed",
        "keyring",
        "The key(s) in the keyring",
    ]) {
        Trouble::Keys
    } else if says(&["is not valid yet", "is expired", "Release file for"]) {
        Trouble::Clock
    } else if says(&[
        "newuidmap",
        "newgidmap",
        "/etc/subuid",
        "user namespace",
        "unshare mode",
    ]) {
        Trouble::Namespaces
    } else if says(&[
        "404  Not Found",
        "does not have a Release file",
        "403  Forbidden",
    ]) {
        Trouble::Mirror
    } else if says(&[
        "Temporary failure resolving",
        "Could not resolve",
        "Could not connect",
        "Unable to connect",
        "Network is unreachable",
        "Connection refused",
        "Connection timed out",
        "Connection failed",
        "Failed to fetch",
    ]) {
        Trouble::Network
    } else {
        Trouble::Unknown
    }
}

fn missing_package(tail: &str) -> Option<String> {
    let (_, rest) = tail.split_once("Unable to locate package ").or_else(|| {
        tail.split_once("has no installation candidate")
            .map(|(before, _)| {
                let name = before.rsplit('\'').nth(1).unwrap_or_default();
                ("", name)
            })
    })?;
    let name = rest.split_whitespace().next()?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_of_apt_and_mmdebstrap_are_understood() {
        for (words, trouble) in [
            (
                "Err:1 http://m.invalid bookworm InRelease\n  Could not resolve 'm.invalid'\nE: Some index files failed to download.",
                Trouble::Network,
            ),
            (
                "E: The repository 'http://m.invalid bookworm Release' does not have a Release file.",
                Trouble::Mirror,
            ),
            (
                "W: GPG error: http://m.invalid trixie InRelease: ... NO_PUBKEY 6ED0E7B82643E131",
                Trouble::Keys,
            ),
            (
                "E: Release file for http://m.invalid/InRelease is not valid yet (invalid for another 3h).",
                Trouble::Clock,
            ),
            (
                "E: Unable to locate package moussepad",
                Trouble::Package("moussepad".into()),
            ),
            (
                "E: Package 'gone' has no installation candidate",
                Trouble::Package("gone".into()),
            ),
            ("dpkg: error: ... No space left on device", Trouble::Room),
            ("E: newuidmap 7 0 1000 1 failed", Trouble::Namespaces),
            ("E: something else", Trouble::Unknown),
        ] {
            assert_eq!(of(words), trouble, "{words}");
        }
    }
}
