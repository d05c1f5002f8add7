//! A wire between mosdat and a server, which can be cut.

use std::net::{Ipv4Addr, SocketAddr};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// A wire for one connection, which breaks once so many bytes went to the server.
pub(super) async fn breaking_after(server: SocketAddr, bytes: u64) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut wire = JoinSet::new();
    wire.spawn(async move {
        let (near, _) = listener.accept().await.unwrap();
        let far = TcpStream::connect(server).await.unwrap();
        let (near_read, mut near_write) = near.into_split();
        let (mut far_read, mut far_write) = far.into_split();
        let mut there = near_read.take(bytes);
        tokio::select! {
            _ = copy(&mut there, &mut far_write) => {}
            _ = copy(&mut far_read, &mut near_write) => {}
        }
        drop(far_write.shutdown().await);
    });
    (address, wire)
}
