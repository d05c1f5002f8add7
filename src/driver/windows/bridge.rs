//! A byte stream as a socket that code can use which blocks.
//!
//! What is said over it is not looked at.

use crate::port::ByteStream;
use std::{io, net::Shutdown, os::unix::net::UnixStream};
use tokio::io::copy_bidirectional;

/// Has `work` use `stream` as a socket, on a thread where blocking is fine.
///
/// A far end that hangs does not hold the thread: when this is not waited for any more, the socket
/// is cut. An end of the stream becomes an end of the socket, so that `work` notices.
pub(super) async fn with_socket<T: Send + 'static>(
    mut stream: Box<dyn ByteStream>,
    work: impl FnOnce(UnixStream) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (near, far) = UnixStream::pair()?;
    let cut = Cut(near.try_clone()?);
    far.set_nonblocking(true)?;
    let mut far = tokio::net::UnixStream::from_std(far)?;
    let mut task = tokio::task::spawn_blocking(move || work(near));
    let done = tokio::select! {
        done = &mut task => done,
        _ended_or_lost = copy_bidirectional(&mut far, &mut stream) => {
            drop(cut);
            task.await
        }
    };
    done.map_err(io::Error::other)?
}

/// Cuts a connection when dropped.
struct Cut(UnixStream);

impl Drop for Cut {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown(Shutdown::Both) {
            tracing::trace!(%error, "the other side was faster");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{Read, Write},
        time::Duration,
    };
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        time::timeout,
    };

    fn ask(mut socket: UnixStream) -> io::Result<String> {
        socket.write_all(b"who?")?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        Ok(answer)
    }

    fn pair() -> (Box<dyn ByteStream>, DuplexStream) {
        let (near, far) = duplex(64);
        (Box::new(near), far)
    }

    #[tokio::test]
    async fn bytes_go_both_ways_until_the_stream_ends() {
        let (near, mut far) = pair();
        let answering = async {
            let mut question = [0; 4];
            far.read_exact(&mut question).await.unwrap();
            far.write_all(&question).await.unwrap();
            drop(far);
        };
        let (answer, ()) = tokio::join!(with_socket(near, ask), answering);
        assert_eq!(answer.unwrap(), "who?");
    }

    #[tokio::test]
    async fn a_far_end_that_hangs_does_not_hold_the_thread() {
        let (near, _far) = pair();
        let (told, ended) = tokio::sync::oneshot::channel();
        let work = move |socket| {
            let answer = ask(socket);
            told.send(()).ok();
            answer
        };
        let asked = timeout(Duration::from_millis(20), with_socket(near, work)).await;
        assert!(asked.is_err());
        ended.await.unwrap();
    }
}
