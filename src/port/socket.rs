//! Byte streams to the sockets of the computer that a desktop runs on: this one, or one far away.

use async_trait::async_trait;
use std::{ffi::OsString, fmt::Debug, io, os::unix::ffi::OsStringExt as _, path::PathBuf};
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection that carries bytes both ways.
pub trait ByteStream: AsyncRead + AsyncWrite + Debug + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Debug + Send + Sync + Unpin> ByteStream for S {}

/// Opens sockets of the computer that a desktop runs on: this one, or one far away.
#[async_trait]
pub trait Sockets: Debug + Send + Sync {
    /// Connects to `socket`.
    async fn open(&self, socket: &SocketName) -> io::Result<Box<dyn ByteStream>>;
}

/// What a Unix socket is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketName {
    /// It is a file.
    File(PathBuf),
    /// It has a name outside the file system.
    Abstract(OsString),
}

impl SocketName {
    /// Reads a D-Bus address, as in `unix:path=/run/user/1000/bus,guid=0123`; of several, the
    /// first that names a Unix socket.
    pub fn of_address(address: &str) -> Option<Self> {
        let keys = address
            .split(';')
            .filter_map(|one| one.strip_prefix("unix:"));
        keys.flat_map(|keys| keys.split(',')).find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            match key {
                "path" => Some(Self::File(unescape(value).into())),
                "abstract" => Some(Self::Abstract(unescape(value))),
                _ => None,
            }
        })
    }
}

/// Undoes the `%2f` that D-Bus addresses write for unusual characters.
fn unescape(text: &str) -> OsString {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| str::from_utf8(digits).ok());
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_sockets() {
        let check = |address: &str, want: Option<SocketName>| {
            assert_eq!(SocketName::of_address(address), want, "{address}");
        };
        let file = |path: &str| Some(SocketName::File(path.into()));
        check("unix:path=/run/user/1000/bus", file("/run/user/1000/bus"));
        check("unix:guid=01,path=/tmp/dbus-a", file("/tmp/dbus-a"));
        check("unix:path=/tmp/my%20bus%zz", file("/tmp/my bus%zz"));
        check("tcp:host=a,port=1;unix:path=/b", file("/b"));
        check(
            "unix:abstract=/tmp/dbus-a,guid=01",
            Some(SocketName::Abstract("/tmp/dbus-a".into())),
        );
        check("autolaunch:", None);
        check("unix:runtime=yes", None);
    }
}
