//! A Wayland desktop: sway without a monitor, and a VNC server that shows what it draws.
//!
//! Windows float, so that they have the size their programs ask for. Xwayland stays off: a
//! program that only speaks X11 must fail here.

#![expect(
    clippy::disallowed_methods,
    reason = "sway reads its settings from a file in the desktop's own folder"
)]

use super::{
    folder::Folder,
    part::{self, Ground, Part},
    programs,
};
use crate::port::{ProviderError, with_causes};
use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
};

const COMPOSITOR: &str = "the compositor";
const VNC: &str = "the VNC server";

/// A compositor that is ready.
pub(super) struct Sway {
    pub(super) part: Part,
    /// Where it answers questions about windows.
    pub(super) socket: PathBuf,
    /// Variables that lead programs to it.
    pub(super) variables: BTreeMap<String, String>,
}

/// GTK draws shadows into windows that draw their own title bars, and counts the places of
/// widgets from the shadow's edge. Nobody else knows how wide it is, so there is none.
const NO_SHADOW: [(&str, &str); 2] = [
    (
        ".config/gtk-3.0/gtk.css",
        "decoration, decoration:backdrop { box-shadow: none; margin: 0; }\n",
    ),
    (
        ".config/gtk-4.0/gtk.css",
        "window.csd, window.csd:backdrop { box-shadow: none; margin: 0; }\n",
    ),
];

/// Starts the compositor.
pub(super) async fn start(
    ground: &Ground,
    folder: &Folder,
    geometry: (u32, u32),
    env: &BTreeMap<String, String>,
) -> Result<Sway, ProviderError> {
    let program = programs::COMPOSITOR.find(env.get("PATH").map_or("", String::as_str))?;
    let config = folder.runtime().join("sway.conf");
    let failed = |err: io::Error| ground.not_started(COMPOSITOR, with_causes(&err));
    write_config(&config, geometry).map_err(failed)?;
    for (name, text) in NO_SHADOW {
        folder.put(name, text, ground.user).map_err(failed)?;
    }
    let socket = folder.runtime().join("sway");
    let mut env = env.clone();
    let own = [
        ("SWAYSOCK", socket.display().to_string()),
        ("WLR_BACKENDS", "headless".into()),
        ("WLR_HEADLESS_OUTPUTS", "1".into()),
        ("WLR_LIBINPUT_NO_DEVICES", "1".into()),
        ("WLR_RENDERER", "pixman".into()),
    ];
    env.extend(own.map(|(name, value)| (name.to_owned(), value)));
    let arguments = ["-c".to_owned(), config.display().to_string()];
    let (part, _) = Part::start(ground, COMPOSITOR, &program, &arguments, &env)?;
    let runtime = folder.runtime();
    let display = async {
        let display = part::seen(|| display_in(&runtime)).await;
        part::listening(&socket).await;
        display
    };
    let display = part.ready(ground, display).await?;
    let variables = [
        ("WAYLAND_DISPLAY", display),
        ("SWAYSOCK", socket.display().to_string()),
    ];
    Ok(Sway {
        part,
        socket,
        variables: variables
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
    })
}

/// Starts the VNC server and returns its socket.
pub(super) async fn start_vnc(
    ground: &Ground,
    folder: &Folder,
    env: &BTreeMap<String, String>,
) -> Result<(Part, PathBuf), ProviderError> {
    let program = programs::WAYLAND_VNC.find(env.get("PATH").map_or("", String::as_str))?;
    let socket = folder.runtime().join("vnc");
    let arguments = [
        "--max-fps=60".to_owned(),
        "--unix-socket".into(),
        socket.display().to_string(),
    ];
    let (part, _) = Part::start(ground, VNC, &program, &arguments, env)?;
    part.ready(ground, part::listening(&socket)).await?;
    Ok((part, socket))
}

fn write_config(path: &Path, (width, height): (u32, u32)) -> io::Result<()> {
    let config = format!(
        "output * resolution {width}x{height} background #335577 solid_color\n\
         xwayland disable\n\
         swaynag_command -\n\
         for_window [app_id=\".*\"] floating enable\n"
    );
    fs::write(path, config)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

/// Returns the name of the Wayland socket in `runtime`, when there is one.
fn display_in(runtime: &Path) -> Option<String> {
    let is_socket = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_socket());
    runtime
        .read_dir()
        .into_iter()
        .flatten()
        .flatten()
        .filter(is_socket)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .find(|name| name.starts_with("wayland-"))
}
