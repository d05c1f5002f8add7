//! X servers with VNC for tests: each its own display and port, gone when dropped.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};
use x11rb::{
    connection::Connection,
    protocol::xproto::{ChangeWindowAttributesAux, ConnectionExt as _},
    wrapper::ConnectionExt as _,
};

/// A running X server that is seen over VNC.
#[derive(Debug)]
pub(crate) struct XServer {
    /// What `DISPLAY` has to be: `:7`.
    pub(crate) display: String,
    /// The VNC server's port on the loopback address.
    pub(crate) port: u16,
    /// Its process, for tests that stop it for a while.
    pub(crate) pid: u32,
    child: Child,
    clients: Vec<Child>,
}

impl XServer {
    /// Starts a server with a black screen, and waits until it can be used.
    pub(crate) fn start(width: u32, height: u32) -> Self {
        Self::start_with(width, height, &["-SecurityTypes", "None"])
    }

    /// Starts a server with its own rules about who may see it.
    pub(crate) fn start_with(width: u32, height: u32, security: &[&str]) -> Self {
        // The port is found free before it is used, so someone else may be faster.
        let started = (0..5).find_map(|_| Self::try_start(width, height, security));
        started.expect("Xtigervnc starts; it is in the package tigervnc-standalone-server")
    }

    fn try_start(width: u32, height: u32, security: &[&str]) -> Option<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let log = tempfile::tempfile().unwrap();
        let mut child = Command::new("Xtigervnc")
            .args(["-displayfd", "1", "-geometry", &format!("{width}x{height}")])
            .args([
                "-depth",
                "24",
                "-localhost",
                "-AlwaysShared",
                "-nolisten",
                "tcp",
            ])
            .args(["-rfbport", &port.to_string()])
            .args(security)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(File::try_clone(&log).unwrap()))
            .spawn()
            .ok()?;
        let mut number = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut number).unwrap();
        if number.trim().is_empty() {
            drop(child.kill());
            drop(child.wait());
            return None;
        }
        Some(Self {
            display: format!(":{}", number.trim()),
            port,
            pid: child.id(),
            child,
            clients: Vec::new(),
        })
    }

    /// Where its VNC server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Fills its background with a colour, `0xrrggbb`.
    pub(crate) fn fill(&self, colour: u32) {
        let (connection, screen) = x11rb::connect(Some(&self.display)).unwrap();
        let root = connection.setup().roots[screen].root;
        let background = ChangeWindowAttributesAux::new().background_pixel(colour);
        connection
            .change_window_attributes(root, &background)
            .unwrap();
        connection.clear_area(false, root, 0, 0, 0, 0).unwrap();
        connection.sync().unwrap();
    }

    /// Starts a program on it that ends with it.
    pub(crate) fn spawn(&mut self, program: &str, args: &[&str]) {
        let client = self.command(program, args).spawn().unwrap();
        self.clients.push(client);
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .env("DISPLAY", &self.display)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

impl Drop for XServer {
    fn drop(&mut self) {
        for child in self.clients.iter_mut().chain([&mut self.child]) {
            // It may have ended already.
            drop(child.kill());
            drop(child.wait());
        }
    }
}
