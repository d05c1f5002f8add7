//! A VNC server that is harsher than real ones: it answers a request with one update at most,
//! never sends unasked, and cuts what it sends into small pieces.

use mosdat::port::ScreenAddress;
use std::{net::Ipv4Addr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// What a client sends after the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It wants an update of an area.
    Request {
        incremental: bool,
        size: (u16, u16),
    },
    Key(u32, bool),
    /// A key by its place: keysym, place, and whether it went down.
    Place(u32, u32, bool),
    Pointer(u16, u16, u8),
}

/// A rectangle of an update.
pub(super) struct Rectangle {
    pub(super) area: [u16; 4],
    pub(super) encoding: i32,
    pub(super) payload: Vec<u8>,
}

impl Rectangle {
    /// Pixels of one colour.
    pub(super) fn filled(area: [u16; 4], colour: [u8; 3]) -> Self {
        let [r, g, b] = colour;
        let pixels = usize::from(area[2]) * usize::from(area[3]);
        Self {
            area,
            encoding: 0,
            // The fourth byte is as useless as a server likes.
            payload: [r, g, b, 77].repeat(pixels),
        }
    }

    /// The screen has another size.
    pub(super) fn size(width: u16, height: u16) -> Self {
        Self {
            area: [0, 0, width, height],
            encoding: -223,
            payload: Vec::new(),
        }
    }
}

/// A server with one client.
pub(super) struct Fake {
    stream: TcpStream,
}

impl Fake {
    /// Shakes hands without a password and tells the size of the screen.
    pub(super) async fn greet(stream: TcpStream, size: (u16, u16)) -> Self {
        let mut fake = Self { stream };
        fake.put(b"RFB 003.008\n").await;
        assert_eq!(&fake.take::<12>().await, b"RFB 003.008\n");
        fake.put(&[1, 1]).await;
        assert_eq!(fake.take::<1>().await, [1], "security type: none");
        fake.put(&[0; 4]).await;
        fake.take::<1>().await;
        let mut init = Vec::new();
        init.extend(size.0.to_be_bytes());
        init.extend(size.1.to_be_bytes());
        init.extend([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);
        init.extend([0, 0, 0, 4]);
        init.extend(b"fake");
        fake.put(&init).await;
        assert_eq!(fake.take::<1>().await, [0], "pixel format");
        let format = fake.take::<19>().await;
        assert_eq!(
            format[3..],
            [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0]
        );
        let [kind, _, high, low] = fake.take::<4>().await;
        assert_eq!(kind, 2, "encodings");
        for _ in 0..u16::from_be_bytes([high, low]) {
            fake.take::<4>().await;
        }
        fake
    }

    /// Shakes hands and sends a first picture in one colour.
    pub(super) async fn show(stream: TcpStream, size: (u16, u16), colour: [u8; 3]) -> Self {
        let mut fake = Self::greet(stream, size).await;
        let first = Said::Request {
            incremental: false,
            size,
        };
        assert_eq!(fake.said().await, first);
        let whole = Rectangle::filled([0, 0, size.0, size.1], colour);
        fake.update(&[whole]).await;
        fake
    }

    /// Waits for a request for changes.
    pub(super) async fn armed(&mut self) -> (u16, u16) {
        let said = self.said().await;
        let Said::Request {
            incremental: true,
            size,
        } = said
        else {
            panic!("a request for changes comes, not {said:?}");
        };
        size
    }

    /// Sends an update.
    pub(super) async fn update(&mut self, rectangles: &[Rectangle]) {
        let bytes = Self::message(rectangles);
        self.put(&bytes).await;
    }

    /// Sends an update up to the middle of its last rectangle.
    pub(super) async fn half_update(&mut self, rectangles: &[Rectangle]) {
        let bytes = Self::message(rectangles);
        let last = rectangles.last().unwrap().payload.len();
        self.put(&bytes[..bytes.len() - last / 2]).await;
    }

    fn message(rectangles: &[Rectangle]) -> Vec<u8> {
        let mut bytes = vec![0, 0];
        bytes.extend((rectangles.len() as u16).to_be_bytes());
        for rectangle in rectangles {
            for number in rectangle.area {
                bytes.extend(number.to_be_bytes());
            }
            bytes.extend(rectangle.encoding.to_be_bytes());
            bytes.extend(&rectangle.payload);
        }
        bytes
    }

    /// Waits for what the client says next.
    pub(super) async fn said(&mut self) -> Said {
        let said = self.said_or_end().await;
        said.expect("the client says something")
    }

    /// Waits for what the client says next, or for its end.
    pub(super) async fn said_or_end(&mut self) -> Option<Said> {
        let kind = self.stream.read_u8().await.ok()?;
        Some(match kind {
            3 => {
                let [incremental, _, _, _, _, w, x, h, y] = self.take::<9>().await;
                Said::Request {
                    incremental: incremental == 1,
                    size: (u16::from_be_bytes([w, x]), u16::from_be_bytes([h, y])),
                }
            }
            4 => {
                let [down, _, _, a, b, c, d] = self.take::<7>().await;
                Said::Key(u32::from_be_bytes([a, b, c, d]), down == 1)
            }
            5 => {
                let [mask, rest @ ..] = self.take::<5>().await;
                let number = |at| u16::from_be_bytes([rest[at], rest[at + 1]]);
                Said::Pointer(number(0), number(2), mask)
            }
            255 => {
                assert_eq!(self.take::<1>().await, [0], "an extended key event");
                let [_, down] = self.take::<2>().await;
                let (key, place) = (self.take::<4>().await, self.take::<4>().await);
                Said::Place(
                    u32::from_be_bytes(key),
                    u32::from_be_bytes(place),
                    down == 1,
                )
            }
            other => panic!("message {other} is not in the protocol of this server"),
        })
    }

    /// Says nothing more and keeps the connection.
    pub(super) async fn fall_silent(self) {
        std::future::pending::<()>().await;
    }

    async fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes).await.unwrap();
        bytes
    }

    /// Sends in pieces that fit no boundary, each on its way before the next.
    async fn put(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(1021.min(bytes.len() / 3 + 1)) {
            self.stream.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
    }
}

/// Listens, and does `serve` with the one client that comes.
pub(super) async fn serve<F>(
    serve: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> (ScreenAddress, JoinSet<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = ScreenAddress::Tcp(listener.local_addr().unwrap());
    let mut server = JoinSet::new();
    server.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        serve(stream).await;
    });
    (address, server)
}

/// How long anything may take that is meant to happen.
pub(super) const LIMIT: Duration = Duration::from_secs(30);
