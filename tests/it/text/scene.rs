//! A desktop with windows whose words are known: those of `tests/text/scene.txt`.

use crate::desktop::XServer;
use mosdat::{
    driver::vnc::VncDialer,
    model::{Frame, Keyboard, Timestamp},
    port::{Clock, Screen, ScreenAddress, ScreenDialer},
};
use std::{
    collections::BTreeSet,
    io::Write,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

/// The words on it.
pub(crate) const TRUTH: &str = include_str!("../../text/scene.txt");

/// A place with text in each window.
const WINDOWS: [(usize, usize); 4] = [(30, 60), (610, 60), (610, 345), (310, 590)];

/// How long a screen has to stay as it is to be taken for finished.
const CALM: Duration = Duration::from_millis(1500);

#[derive(Debug)]
struct Midnight;

impl Clock for Midnight {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

/// The desktop, gone when dropped.
pub(crate) struct Scene {
    app: Child,
    screen: Arc<dyn Screen>,
    _server: XServer,
}

impl Scene {
    /// Starts it, at a scale of 1.
    pub(crate) async fn start(args: &[&str]) -> Self {
        Self::with((1024, 768), args, &[]).await
    }

    /// Starts it on a screen of a size, with more in its environment.
    pub(crate) async fn with(size: (u32, u32), args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut server = XServer::start(size.0, size.1);
        server.fill(0x35_57_6b);
        server.spawn("openbox", &[]);
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/text/scene.py");
        let app = Command::new("/usr/bin/python3")
            .arg(file)
            .arg("--follow")
            .args(args)
            .env("DISPLAY", &server.display)
            .env("NO_AT_BRIDGE", "1")
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let screen = dial(&server).await;
        Self {
            app,
            screen,
            _server: server,
        }
    }

    /// Returns what it shows once all windows are there and nothing changes any more.
    pub(crate) async fn settled(&self) -> Frame {
        calm(&*self.screen, &WINDOWS).await
    }

    /// Shows another word in place of `Paused`, and returns what is shown then.
    pub(crate) async fn change(&mut self, word: &str) -> Frame {
        let before = self.screen.frame().await.unwrap();
        writeln!(self.app.stdin.as_mut().unwrap(), "{word}").unwrap();
        self.screen.changed(before.seq).await.unwrap();
        self.settled().await
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        drop(self.app.kill());
        drop(self.app.wait());
    }
}

/// Looks at a server.
pub(crate) async fn dial(server: &XServer) -> Arc<dyn Screen> {
    let address = ScreenAddress::Tcp(server.address());
    let dialer = VncDialer::new(Arc::new(Midnight));
    dialer.dial(&address, Keyboard::default()).await.unwrap()
}

/// Returns what is shown once there is text at all of `places`, and nothing has changed for a while.
pub(crate) async fn calm(screen: &dyn Screen, places: &[(usize, usize)]) -> Frame {
    let mut frame = screen.frame().await.unwrap();
    loop {
        match tokio::time::timeout(CALM, screen.changed(frame.seq)).await {
            Ok(next) => frame = next.unwrap(),
            Err(_) if places.iter().all(|place| has_text(&frame, *place)) => return frame,
            Err(_) => {}
        }
    }
}

/// Whether there are as many colours as the edges of letters have.
fn has_text(frame: &Frame, (x, y): (usize, usize)) -> bool {
    let (pixels, width) = (frame.rgba.as_chunks::<4>().0, frame.width as usize);
    let rows = (y..y + 40).map(|y| &pixels[y * width + x..y * width + x + 160]);
    rows.flatten().collect::<BTreeSet<_>>().len() > 8
}
