//! The message bus of a desktop, which starts the accessibility bus when a program asks for it.

#![expect(
    clippy::disallowed_methods,
    reason = "a bus reads its rules from a file in the desktop's own folder"
)]

use super::{
    folder::Folder,
    part::{self, Ground, Part},
    programs,
};
use crate::port::{ProviderError, with_causes};
use std::{collections::BTreeMap, fs, io, os::unix::fs::PermissionsExt, path::Path};

const WHAT: &str = "the message bus";

/// Starts the bus and returns its address.
pub(super) async fn start(
    ground: &Ground,
    folder: &Folder,
    env: &BTreeMap<String, String>,
) -> Result<(Part, String), ProviderError> {
    let program = programs::BUS.find(env.get("PATH").map_or("", String::as_str))?;
    let socket = folder.runtime().join("bus");
    let mut arguments = vec![
        "--nofork".to_owned(),
        "--nosyslog".into(),
        "--nopidfile".into(),
        "--print-address=1".into(),
        format!("--address=unix:path={}", socket.display()),
    ];
    arguments.push(if ground.user.is_none() {
        "--session".into()
    } else {
        let file = folder.runtime().join("bus.conf");
        write_config(&file).map_err(|err| ground.not_started(WHAT, with_causes(&err)))?;
        format!("--config-file={}", file.display())
    });
    let (part, mut lines) = Part::start(ground, WHAT, &program, &arguments, env)?;
    let address = |line: &str| line.starts_with("unix:").then(|| line.to_owned());
    let address = part.ready(ground, part::line(&mut lines, address)).await?;
    Ok((part, address))
}

/// Writes rules that let mosdat in as root, though the bus is another user's.
fn write_config(path: &Path) -> io::Result<()> {
    let rules = "<busconfig>\n\
        <include>/usr/share/dbus-1/session.conf</include>\n\
        <policy context=\"mandatory\"><allow user=\"root\"/></policy>\n\
        </busconfig>\n";
    fs::write(path, rules)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}
