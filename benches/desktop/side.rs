//! One of two clients, each a process of its own, so that its processor time and memory are its
//! own too. It does what it is told on its standard input, a line at a time.

use crate::{
    bare::Bare,
    usage,
    window::{self, ECHO, PICTURE},
};
use mosdat::{
    driver::vnc::{VncDialer, VncSession},
    judge::{Anchor, Match, Picture, find_in_damage},
    model::{Frame, FrameCause, FrameSeq, Rect, Timestamp},
    port::{Clock, Input, Screen, ScreenAddress},
};
use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

const KEY: u32 = 0x61;

/// A client that can be measured.
trait Client {
    /// Presses a key and waits until it is seen.
    fn key(&mut self) -> Duration;
    /// Waits for the window with the known picture to be where it is told. Returns the time
    /// between the first change that was noticed and that.
    fn window(&mut self, x: usize, y: usize) -> Duration;
    /// Gets a whole frame.
    fn frame(&mut self) -> Duration;
    /// Takes notice of what happened since.
    fn drain(&mut self) {}
}

/// The parent's end of a client.
pub(crate) struct Side {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What a client has used.
pub(crate) struct Usage {
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_mib: f64,
}

impl Side {
    pub(crate) fn start(name: &str, port: u16) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut child = Command::new(program)
            .args(["--side", name, &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut side = Self {
            child,
            orders,
            answers,
        };
        side.order("drain");
        side.answer();
        side
    }

    pub(crate) fn order(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    /// Waits until what was ordered is done, and returns how long it took, in milliseconds.
    pub(crate) fn answer(&mut self) -> f64 {
        self.line().parse().unwrap()
    }

    pub(crate) fn usage(&mut self) -> Usage {
        self.order("usage");
        let line = self.line();
        let (cpu, peak) = line.split_once(' ').unwrap();
        Usage {
            cpu_seconds: cpu.parse().unwrap(),
            peak_mib: peak.parse().unwrap(),
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the client has ended");
        line.trim().to_owned()
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Is a client until no more orders come.
pub(crate) fn run(name: &str, port: u16) {
    let mut client: Box<dyn Client> = match name {
        "mosdat" => Box::new(Mosdat::connect(port)),
        _ => Box::new(Bare::connect(port).unwrap()),
    };
    for order in io::stdin().lines() {
        let order = order.unwrap();
        let words: Vec<&str> = order.split(' ').collect();
        let number = |at: usize| words[at].parse().unwrap();
        let took = match words[0] {
            "key" => client.key(),
            "window" => client.window(number(1), number(2)),
            "frame" => client.frame(),
            "usage" => {
                println!("{} {}", cpu_seconds(), usage::peak_mib());
                continue;
            }
            _ => {
                client.drain();
                Duration::ZERO
            }
        };
        println!("{}", took.as_secs_f64() * 1e3);
    }
}

impl Client for Bare {
    fn key(&mut self) -> Duration {
        let before = self.pixel(ECHO.0, ECHO.1);
        let start = Instant::now();
        Self::key(self, KEY).unwrap();
        while self.pixel(ECHO.0, ECHO.1) == before {
            self.change().unwrap();
        }
        start.elapsed()
    }

    fn window(&mut self, x: usize, y: usize) -> Duration {
        self.change().unwrap();
        let start = Instant::now();
        // It knows where to look, and so does the least that can be done.
        let (width, height) = (usize::from(PICTURE.0), usize::from(PICTURE.1));
        let corners = [
            (0, 0),
            (width - 1, 0),
            (0, height - 1),
            (width - 1, height - 1),
            (50, 20),
        ];
        while corners
            .iter()
            .any(|(dx, dy)| self.pixel(x + dx, y + dy) != window::colour(*dx, *dy))
        {
            self.change().unwrap();
        }
        start.elapsed()
    }

    fn frame(&mut self) -> Duration {
        let start = Instant::now();
        self.full_frame().unwrap();
        let took = start.elapsed();
        Self::drain(self).unwrap();
        took
    }

    fn drain(&mut self) {
        Self::drain(self).unwrap();
    }
}

struct Mosdat {
    runtime: Runtime,
    screen: VncSession,
    anchor: Anchor,
}

#[derive(Debug)]
struct NoClock;

impl Clock for NoClock {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

impl Mosdat {
    fn connect(port: u16) -> Self {
        let runtime = Runtime::new().unwrap();
        let address = ScreenAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], port)));
        let dialer = VncDialer::new(Arc::new(NoClock));
        let screen = runtime.block_on(dialer.open(&address)).unwrap();
        Self {
            runtime,
            screen,
            anchor: anchor(),
        }
    }
}

impl Client for Mosdat {
    fn key(&mut self) -> Duration {
        let mut frame = self.runtime.block_on(self.screen.frame()).unwrap();
        let before = pixel(&frame);
        let start = Instant::now();
        self.runtime.block_on(async {
            let keys = [Input::KeyDown(KEY), Input::KeyUp(KEY)];
            self.screen.send(&keys).await.unwrap();
            while pixel(&frame) == before {
                frame = self.screen.changed(frame.seq).await.unwrap();
            }
        });
        start.elapsed()
    }

    fn window(&mut self, x: usize, y: usize) -> Duration {
        self.runtime.block_on(async {
            let mut frame = self
                .screen
                .changed(self.screen.frame().await.unwrap().seq)
                .await
                .unwrap();
            let start = Instant::now();
            loop {
                let found = find_in_damage(&frame, &self.anchor, &frame.damage).unwrap();
                if let Match::Found(found) = found {
                    assert_eq!((found.place.x as usize, found.place.y as usize), (x, y));
                    return start.elapsed();
                }
                frame = self.screen.changed(frame.seq).await.unwrap();
            }
        })
    }

    fn frame(&mut self) -> Duration {
        let start = Instant::now();
        let frame = self.runtime.block_on(self.screen.frame()).unwrap();
        let took = start.elapsed();
        assert!(frame.seq > FrameSeq(0));
        took
    }
}

/// The known picture as an anchor.
pub(crate) fn anchor() -> Anchor {
    let (width, height) = (usize::from(PICTURE.0), usize::from(PICTURE.1));
    let points = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let rgba = points.flat_map(|(x, y)| {
        let [r, g, b] = window::colour(x, y);
        [r, g, b, 255]
    });
    let frame = Frame {
        seq: FrameSeq(1),
        at: Timestamp(0),
        cause: FrameCause::Connected,
        width: width as u32,
        height: height as u32,
        rgba: Arc::new(rgba.collect()),
        damage: Vec::new(),
    };
    let whole = Rect {
        x: 0,
        y: 0,
        width: width as i32,
        height: height as i32,
    };
    Anchor::new(Picture::crop(&frame, whole).unwrap()).unwrap()
}

fn pixel(frame: &Frame) -> [u8; 3] {
    let at = (ECHO.1 * frame.width as usize + ECHO.0) * 4;
    [frame.rgba[at], frame.rgba[at + 1], frame.rgba[at + 2]]
}

/// Processor time of all threads that are alive, to the nanosecond.
pub(crate) fn cpu_seconds() -> f64 {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let times = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    times.sum::<f64>() / 1e9
}
