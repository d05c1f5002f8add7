//! The least that a VNC client can do: raw pixels, one request always open, one thread.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

/// What carries bytes to a server and back.
#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

pub(crate) struct Bare {
    stream: Stream,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// As the server sends them: blue, green, red, nothing.
    pub(crate) pixels: Vec<u8>,
}

impl Bare {
    pub(crate) fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Self::greet(Stream::Tcp(stream))
    }

    pub(crate) fn connect_to(socket: &Path) -> io::Result<Self> {
        Self::greet(Stream::Unix(UnixStream::connect(socket)?))
    }

    fn greet(mut stream: Stream) -> io::Result<Self> {
        read(&mut stream, 12)?;
        stream.write_all(b"RFB 003.008\n")?;
        let kinds = read(&mut stream, 1)?[0];
        read(&mut stream, kinds.into())?;
        stream.write_all(&[1])?;
        read(&mut stream, 4)?;
        stream.write_all(&[1])?;
        let init = read(&mut stream, 24)?;
        read(&mut stream, init[23].into())?;
        stream.write_all(&[2, 0, 0, 1, 0, 0, 0, 0])?;
        let size = |at: usize| usize::from(u16::from_be_bytes([init[at], init[at + 1]]));
        let (width, height) = (size(0), size(2));
        let mut bare = Self {
            stream,
            width,
            height,
            pixels: vec![0; width * height * 4],
        };
        bare.full_frame()?;
        bare.request(true)?;
        Ok(bare)
    }

    /// Asks for all pixels and waits for them.
    pub(crate) fn full_frame(&mut self) -> io::Result<()> {
        self.request(false)?;
        let mut missing = self.width * self.height;
        while missing > 0 {
            missing = missing.saturating_sub(self.update()?);
        }
        Ok(())
    }

    pub(crate) fn key(&mut self, key: u32) -> io::Result<()> {
        let mut bytes = Vec::new();
        for down in [1, 0] {
            bytes.extend([4, down, 0, 0]);
            bytes.extend(key.to_be_bytes());
        }
        self.stream.write_all(&bytes)
    }

    /// Waits for an update, and asks for the next.
    pub(crate) fn change(&mut self) -> io::Result<()> {
        self.update()?;
        self.request(true)
    }

    /// Takes what came while no one looked.
    pub(crate) fn drain(&mut self) -> io::Result<()> {
        let mut first = [0];
        loop {
            self.stream.wait_at_most(Some(Duration::from_millis(20)))?;
            let came = self.stream.read(&mut first);
            self.stream.wait_at_most(None)?;
            match came {
                Ok(1) => {
                    self.rest_of_update(first[0])?;
                    self.request(true)?;
                }
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                ended => return ended.and(Err(io::ErrorKind::UnexpectedEof.into())),
            }
        }
    }

    pub(crate) fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        let at = (y * self.width + x) * 4;
        [self.pixels[at + 2], self.pixels[at + 1], self.pixels[at]]
    }

    fn request(&mut self, incremental: bool) -> io::Result<()> {
        let mut bytes = vec![3, u8::from(incremental), 0, 0, 0, 0];
        bytes.extend((self.width as u16).to_be_bytes());
        bytes.extend((self.height as u16).to_be_bytes());
        self.stream.write_all(&bytes)
    }

    /// Reads an update and returns how many pixels it had.
    fn update(&mut self) -> io::Result<usize> {
        let kind = read(&mut self.stream, 1)?[0];
        self.rest_of_update(kind)
    }

    fn rest_of_update(&mut self, kind: u8) -> io::Result<usize> {
        assert_eq!(kind, 0, "the server sends nothing but updates");
        let head = read(&mut self.stream, 3)?;
        let mut pixels = 0;
        for _ in 0..u16::from_be_bytes([head[1], head[2]]) {
            let head = read(&mut self.stream, 12)?;
            let number = |at: usize| usize::from(u16::from_be_bytes([head[at], head[at + 1]]));
            let (x, y, width, height) = (number(0), number(2), number(4), number(6));
            for row in y..y + height {
                let at = (row * self.width + x) * 4;
                self.stream
                    .read_exact(&mut self.pixels[at..at + width * 4])?;
            }
            pixels += width * height;
        }
        Ok(pixels)
    }
}

fn read(stream: &mut Stream, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

impl Stream {
    /// Reads fail when nothing comes within `limit`.
    fn wait_at_most(&self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(limit),
            Self::Unix(stream) => stream.set_read_timeout(limit),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(bytes),
            Self::Unix(stream) => stream.read(bytes),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.flush(),
            Self::Unix(stream) => stream.flush(),
        }
    }
}
