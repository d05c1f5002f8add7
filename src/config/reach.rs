//! How a machine is reached that mosdat did not make: who logs in, where, and what shows its screen.

use super::{reader::Table, value::Value};
use crate::model::{Reach, SecretSource, VncServer};

/// Who logs in on machines that do not say it, and the password.
#[derive(Default)]
pub(super) struct Usual {
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretSource>,
}

/// Reads it; machines that say no `user` or `password` have the usual ones.
pub(super) fn read(table: &Table<'_>, given: &Usual) -> Reach {
    let usual = Reach::default();
    let user = table.filled_text("user").map(|user| user.value);
    let template = table.whole("template", 1..=999_999_999_u32);
    let port = table.whole("ssh_port", 1..=u16::MAX);
    Reach {
        template: template.map(|template| template.value),
        user: user.or(given.user.as_deref()).unwrap_or(&usual.user).into(),
        key: table.path("ssh_key"),
        ssh_port: port.map_or(usual.ssh_port, |port| port.value),
        console: table.get("console").and_then(read_console),
        password: table.secret("password").or(given.password.clone()),
    }
}

/// Reads `{ vnc = "10.0.0.21:5900", password = "env:VNC" }`.
fn read_console(value: Value<'_>) -> Option<VncServer> {
    let table = value.table("console")?;
    let vnc = table.needs("vnc", "\"10.0.0.21:5900\"", table.filled_text("vnc"));
    let password = table.secret("password");
    let mistakes = table.mistakes;
    table.finish();
    let vnc = vnc?;
    let server = vnc.value.rsplit_once(':').and_then(|(host, port)| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = port.parse().ok().filter(|port| *port > 0)?;
        (!host.is_empty()).then(|| (host.to_owned(), port))
    });
    if server.is_none() {
        let message = format!("`{}` is not where a VNC server listens", vnc.value);
        mistakes.error(vnc.at, message, "write it as `\"10.0.0.21:5900\"`");
    }
    let (host, port) = server?;
    Some(VncServer {
        host,
        port,
        password,
    })
}
