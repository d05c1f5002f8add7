//! What a user can do when an image could not be made.

use crate::driver::image::{MakeError, Trouble};

/// Returns what to do about it.
pub(super) fn of(error: &MakeError) -> Option<String> {
    let hint = match error {
        MakeError::Busy { .. } => "wait for it to end".into(),
        MakeError::Missing { package, .. } => format!(
            "install it: apt-get install {package}; on a system without Debian packages, make the \
             image elsewhere and take it in with `mosdat image import`"
        ),
        MakeError::Room { .. } => "make room, or choose another disk with `--images DIR`".into(),
        MakeError::Stage { trouble, .. } => of_trouble(trouble)?,
        MakeError::NoDisk { .. } => "`qemu-img info FILE` says what it is".into(),
        MakeError::Architecture(_)
        | MakeError::Spawn(_)
        | MakeError::Interrupted
        | MakeError::NoKey { .. }
        | MakeError::Image(_) => return None,
    };
    Some(hint)
}

fn of_trouble(trouble: &Trouble) -> Option<String> {
    let hint = match trouble {
        Trouble::Network => {
            "the mirror cannot be reached: check the network; behind a proxy set http_proxy; or name \
             another mirror with `--mirror URL`. What was fetched is kept"
        }
        Trouble::Mirror => {
            "the mirror does not keep this release, or is being updated: try again later, or name \
             another one with `--mirror URL`"
        }
        Trouble::Keys => {
            "install a newer `debian-archive-keyring`, which knows the keys of this release"
        }
        Trouble::Clock => "set the clock of this computer right",
        Trouble::Package(name) => {
            return Some(format!(
                "this release has no package `{name}`: see `--packages`"
            ));
        }
        Trouble::Room => "make room; the same command goes on from here",
        Trouble::Namespaces => {
            "without being root, images are made in a user namespace: install `uidmap`, and have \
             user ids in /etc/subuid and /etc/subgid; or run this as root"
        }
        Trouble::Unknown => return None,
    };
    Some(hint.into())
}
