//! The least that a VNC client can do: raw pixels, one request always open, one thread.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

pub(crate) struct Bare {
    stream: TcpStream,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// As the server sends them: blue, green, red, nothing.
    pub(crate) pixels: Vec<u8>,
}

impl Bare {
    pub(crate) fn connect(port: u16) -> io::Result<Self> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
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
        self.stream
            .set_read_timeout(Some(Duration::from_millis(20)))?;
        while self.stream.peek(&mut [0]).is_ok() {
            self.stream.set_read_timeout(None)?;
            self.change()?;
            self.stream
                .set_read_timeout(Some(Duration::from_millis(20)))?;
        }
        self.stream.set_read_timeout(None)
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
        let head = read(&mut self.stream, 4)?;
        assert_eq!(head[0], 0, "the server sends nothing but updates");
        let mut pixels = 0;
        for _ in 0..u16::from_be_bytes([head[2], head[3]]) {
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

fn read(stream: &mut TcpStream, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
