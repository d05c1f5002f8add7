//! Sockets on a machine.

use super::{
    LIMIT, in_time,
    server::{Rules, Server},
};
use mosdat::port::{ByteStream, SocketName};
use std::{io, path::Path};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixListener,
    task::JoinSet,
};

/// Listens, and sends back whatever each client says, until it says no more.
fn echo(path: &Path) -> JoinSet<()> {
    let listener = UnixListener::bind(path).unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move {
        let mut clients = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            clients.spawn(async move {
                let (mut read, mut write) = stream.into_split();
                drop(tokio::io::copy(&mut read, &mut write).await);
            });
        }
    });
    server
}

async fn exchange(stream: Box<dyn ByteStream>, bytes: &[u8]) -> Vec<u8> {
    let (mut read, mut write) = tokio::io::split(stream);
    let mut got = Vec::new();
    let send = async {
        write.write_all(bytes).await.unwrap();
        write.shutdown().await.unwrap();
    };
    let (received, ()) = tokio::join!(read.read_to_end(&mut got), send);
    received.unwrap();
    got
}

#[tokio::test]
async fn a_socket_carries_bytes_both_ways() {
    let server = Server::start();
    let socket = server.path("echo");
    let _echo = echo(&socket);
    let shell = server.shell().await;
    let name = SocketName::File(socket);
    let bytes: Vec<u8> = (0..5 << 20).map(|n: u32| (n >> 7) as u8).collect();
    let (one, other) = tokio::join!(
        async { exchange(shell.open(&name).await.unwrap(), &bytes).await },
        async { exchange(shell.open(&name).await.unwrap(), b"small").await },
    );
    assert!(one == bytes);
    assert_eq!(other, b"small");
}

#[tokio::test]
async fn a_stream_outlives_the_login_it_was_opened_by() {
    let server = Server::start();
    let socket = server.path("echo");
    let _echo = echo(&socket);
    let shell = server.shell().await;
    let stream = shell.open(&SocketName::File(socket)).await.unwrap();
    drop(shell);
    assert_eq!(exchange(stream, b"still").await, b"still");
}

#[tokio::test]
async fn a_socket_that_cannot_be_reached_says_why() {
    let server = Server::start();
    let shell = server.shell().await;
    let nowhere = SocketName::File(server.path("nowhere"));
    let err = shell.open(&nowhere).await.unwrap_err();
    assert_eq!(err.kind(), io::ErrorKind::ConnectionRefused);
    assert!(err.to_string().contains("nowhere"), "{err}");
    let hidden = SocketName::Abstract("/tmp/dbus-a".into());
    let err = shell.open(&hidden).await.unwrap_err();
    assert_eq!(err.kind(), io::ErrorKind::Unsupported);
    assert!(err.to_string().contains("/tmp/dbus-a"), "{err}");

    let strict = Server::start_with(&Rules {
        lines: "AllowStreamLocalForwarding no",
        ..Rules::default()
    });
    let shell = strict.shell().await;
    let err = shell.open(&nowhere).await.unwrap_err();
    // OpenSSH does not tell this from a socket that nobody listens on.
    assert!(err.to_string().contains("does not pass it on"), "{err}");
}

#[tokio::test]
async fn a_stream_that_nobody_reads_does_not_hold_up_others() {
    let server = Server::start();
    let socket = server.path("flood");
    let listener = UnixListener::bind(&socket).unwrap();
    let mut flood = JoinSet::new();
    flood.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let bytes = vec![7; 1 << 20];
        for _ in 0..20 {
            stream.write_all(&bytes).await.unwrap();
        }
        drop(stream);
    });
    let shell = server.shell().await;
    let mut unread = shell.open(&SocketName::File(socket)).await.unwrap();
    // All of it is on its way, and fits nowhere but into the reader's own room.
    in_time(flood.join_next()).await;
    let output = in_time(shell.run("echo here", b"", LIMIT)).await;
    assert_eq!(output.unwrap().stdout, b"here\n");
    let mut got = Vec::new();
    unread.read_to_end(&mut got).await.unwrap();
    assert_eq!(got.len(), 20 << 20);
}

#[tokio::test]
async fn a_stream_that_nobody_ever_reads_ends_with_an_error() {
    let server = Server::start();
    let socket = server.path("flood");
    let listener = UnixListener::bind(&socket).unwrap();
    let mut flood = JoinSet::new();
    flood.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let bytes = vec![7; 1 << 20];
        while stream.write_all(&bytes).await.is_ok() {}
    });
    let shell = server.shell().await;
    let mut unread = shell.open(&SocketName::File(socket)).await.unwrap();
    in_time(flood.join_next()).await;
    let err = unread.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert!(err.to_string().contains("more came"), "{err}");
    assert!(shell.run("true", b"", LIMIT).await.unwrap().is_success());
}

#[tokio::test]
async fn dropping_a_stream_closes_the_socket() {
    let server = Server::start();
    let socket = server.path("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let shell = server.shell().await;
    let name = SocketName::File(socket);
    let (stream, accepted) = tokio::join!(shell.open(&name), listener.accept());
    drop(stream.unwrap());
    let mut rest = Vec::new();
    let end = accepted.unwrap().0.read_to_end(&mut rest).await;
    assert_eq!((end.unwrap(), shell.lost()), (0, None));
}
