//! Finding pictures by likeness, beside OpenCV with one thread.

use crate::desktop::XServer;
use crate::{
    NoClock, cut, is_installed, rect,
    table::{Row, Target, median},
};
use mosdat::{
    driver::vnc::VncDialer,
    judge::{Anchor, Bounds, Likeness, Picture, Prepared, find_like, visual::compare},
    model::{Frame, Point, Rect},
    port::{Screen, ScreenAddress},
};
use std::{fs, path::Path, process::Command, sync::Arc, time::Duration};

const CALLS: usize = 40;

/// How many needles scores are compared with.
const NEEDLES: usize = 200;

/// A window with what windows have.
const PROGRAM: &str = r#"
import gi
gi.require_version("Gtk", "3.0")
from gi.repository import Gtk
window = Gtk.Window(title="Preferences")
window.move(430, 30)
box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, margin=10)
window.add(box)
menu = Gtk.Box(spacing=8)
for name in ["File", "Edit", "View", "Bookmarks", "Tools", "Help"]:
    menu.pack_start(Gtk.Label(label=name), False, False, 2)
box.add(menu)
grid = Gtk.Grid(row_spacing=5, column_spacing=8)
box.add(grid)
for row, (name, text) in enumerate([
    ("Server address", "https://chat.example.org"),
    ("Workspace name", "Engineering North"),
    ("Display language", "Portuguese (Brazil)"),
    ("Proxy port", "8443"),
]):
    grid.attach(Gtk.Label(label=name, xalign=0), 0, row, 1, 1)
    grid.attach(Gtk.Entry(text=text, can_focus=False, width_chars=34), 1, row, 1, 1)
for name, active in [("Start minimized", True), ("Hardware acceleration", False), ("Check for updates", True)]:
    box.add(Gtk.CheckButton(label=name, active=active, can_focus=False))
buttons = Gtk.ButtonBox(layout_style=Gtk.ButtonBoxStyle.END, spacing=6)
for name in ["Restore Defaults", "Cancel", "Apply", "Save"]:
    buttons.add(Gtk.Button(label=name, can_focus=False, sensitive=name != "Apply"))
box.add(buttons)
window.show_all()
Gtk.main()
"#;

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    let frames = [(1024, 768, 5.0, 3.5), (1920, 1080, 13.0, 9.0)]
        .map(|(width, height, search, preparation)| (scene(width, height), search, preparation));
    let mut rows = Vec::new();
    let peer = Peer::new(&frames.each_ref().map(|(frame, ..)| frame));
    let timed = peer.as_ref().map(Peer::times);
    for (at, (frame, search, preparation)) in frames.iter().enumerate() {
        let size = format!("{}x{}", frame.width, frame.height);
        let anchor = cut(frame, needle_place(frame));
        let mut prepared = Prepared::default();
        prepared.prepare(frame);
        rows.push(Row {
            name: format!("anchor 100x40 by likeness, anywhere on {size}"),
            unit: "ms",
            mosdat: time(|| look(frame, &anchor, None, &mut prepared)),
            peer: timed.as_ref().map(|timed| ("OpenCV", timed[at])),
            target: Target::AtMost(*search),
        });
        let twins = [frame.clone(), copy(frame)];
        rows.push(Row {
            name: format!("preparing {size} for it, once for each frame"),
            unit: "ms",
            mosdat: in_turns(&twins, |frame| prepared.prepare(frame)),
            peer: None,
            target: Target::AtMost(*preparation),
        });
        let place = needle_place(frame);
        let near = Some(Point {
            x: place.x + 20,
            y: place.y - 10,
        });
        rows.push(Row {
            name: format!("anchor 100x40 by likeness, near where it was on {size}"),
            unit: "ms",
            mosdat: in_turns(&twins, |frame| {
                let likeness = look(frame, &anchor, near, &mut prepared);
                assert!(likeness.place().is_some(), "{likeness:?}");
            }),
            peer: None,
            target: Target::AtMost(0.5),
        });
    }
    let [_, (large, ..)] = &frames;
    rows.push(comparison(large));
    let frames = frames.map(|(frame, ..)| frame);
    rows.extend(peer.map(|peer| scores(&frames, &peer)));
    rows
}

/// Two frames of which the second has some pixels changed, as a settled screen with a clock.
fn comparison(frame: &Frame) -> Row {
    let whole = rect(0, 0, frame.width as i32, frame.height as i32);
    let approved = Picture::crop(frame, whole).unwrap();
    let mut other = copy(frame);
    for y in 5..20 {
        let at = (y * frame.width as usize + 1000) * 4;
        Arc::make_mut(&mut other.rgba)[at..at + 160].fill(255);
    }
    let seen = Picture::crop(&other, whole).unwrap();
    Row {
        name: format!(
            "comparing {}x{} with what was approved",
            frame.width, frame.height
        ),
        unit: "ms",
        mosdat: time(|| assert!(compare(&approved, &seen, &[]).unwrap().changed > 0)),
        peer: None,
        target: Target::AtMost(5.0),
    }
}

fn look(frame: &Frame, anchor: &Anchor, near: Option<Point>, prepared: &mut Prepared) -> Likeness {
    find_like(frame, anchor, near, &Bounds::default(), prepared).unwrap()
}

fn copy(frame: &Frame) -> Frame {
    Frame {
        rgba: Arc::new(frame.rgba.to_vec()),
        ..frame.clone()
    }
}

/// Median processor time of many calls, in milliseconds.
fn time<T>(mut call: impl FnMut() -> T) -> f64 {
    let now = || rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let times = (0..CALLS).map(|_| {
        let start = now();
        std::hint::black_box(call());
        let took = now() - start;
        took.tv_sec as f64 * 1e3 + took.tv_nsec as f64 / 1e6
    });
    median(times.collect())
}

/// The same of frames that are new each time.
fn in_turns(frames: &[Frame; 2], mut call: impl FnMut(&Frame)) -> f64 {
    let mut turn = 0;
    time(|| {
        turn += 1;
        call(&frames[turn % 2]);
    })
}

/// The part of the terminal that has most to be seen.
fn needle_place(frame: &Frame) -> Rect {
    let places = (0..frame.height as i32 - 40).step_by(20);
    let places = places.flat_map(|y| {
        (0..frame.width as i32 - 100)
            .step_by(50)
            .map(move |x| (x, y))
    });
    let places = places.map(|(x, y)| rect(x, y, 100, 40));
    let best =
        places.max_by(|one, other| contrast(frame, *one).total_cmp(&contrast(frame, *other)));
    best.unwrap()
}

/// Returns how much the green of a part varies, as a standard deviation.
fn contrast(frame: &Frame, area: Rect) -> f64 {
    let rows = area.y..area.y + area.height;
    let points = rows.flat_map(|y| (area.x..area.x + area.width).map(move |x| (x, y)));
    let greens = points.map(|(x, y)| {
        f64::from(frame.rgba[(y as usize * frame.width as usize + x as usize) * 4 + 1])
    });
    let greens: Vec<f64> = greens.collect();
    let mean = greens.iter().sum::<f64>() / greens.len() as f64;
    let squares = greens.iter().map(|green| (green - mean).powi(2));
    (squares.sum::<f64>() / greens.len() as f64).sqrt()
}

/// How much lower a score is than OpenCV's for the same needle, at most.
fn scores(frames: &[Frame; 2], peer: &Peer) -> Row {
    let open = Bounds {
        score: -1.0,
        gain: 0.0..=1e9,
        similar: -1.0,
        ..Bounds::default()
    };
    let needles = random_needles(frames);
    let theirs = peer.scores(&needles);
    let mut prepared = [(); 2].map(|()| Prepared::default());
    let (mut worst, mut ties, mut flat) = (0.0_f64, 0, 0);
    for ((at, picture), (score, place)) in needles.iter().zip(theirs) {
        let anchor = Anchor::new(picture.clone()).unwrap();
        let likeness = find_like(&frames[*at], &anchor, None, &open, &mut prepared[*at]);
        let best = match likeness.unwrap() {
            Likeness::Found(best) | Likeness::Refused { best, .. } => best,
            Likeness::Nothing { best } => panic!("within such bounds something is: {best:?}"),
        };
        let theirs = Rect {
            x: place.x,
            y: place.y,
            ..best.place
        };
        // Where there is next to no contrast, its score is whatever rounding makes of it.
        if contrast(&frames[*at], theirs) < 0.6 {
            flat += 1;
            continue;
        }
        let is_elsewhere = (best.place.x, best.place.y) != (place.x, place.y);
        if is_elsewhere && (best.score - score).abs() < 1e-4 {
            ties += 1;
        }
        worst = worst.max(score - best.score);
    }
    println!(
        "of {NEEDLES} needles, {ties} have equal scores at other places than OpenCV's; {flat} were left out, \
         as OpenCV found them where the screen has no contrast"
    );
    Row {
        name: format!("score below OpenCV's, at most, of {NEEDLES} needles"),
        unit: "e-4",
        mosdat: worst * 1e4,
        peer: None,
        target: Target::AtMost(1.0),
    }
}

/// Needles with texture, cut out of frames, with noise, more or less contrast and brightness.
fn random_needles(frames: &[Frame; 2]) -> Vec<(usize, Picture)> {
    let mut random = fastrand::Rng::with_seed(11);
    let mut needles = Vec::new();
    while needles.len() < NEEDLES {
        let at = needles.len() % 2;
        let frame = &frames[at];
        let (width, height) = (random.i32(16..=300), random.i32(16..=160));
        let place = rect(
            random.i32(0..=frame.width as i32 - width),
            random.i32(0..=frame.height as i32 - height),
            width,
            height,
        );
        if contrast(frame, place) < 4.0 {
            continue;
        }
        let (gain, offset) = (0.95 + random.f64() * 0.1, random.f64() * 16.0 - 8.0);
        let mut other = frame.clone();
        let rgba = Picture::crop(frame, place).unwrap().rgba().to_vec();
        let rgba = rgba.iter().enumerate().map(|(at, value)| {
            if at % 4 == 3 {
                return 255;
            }
            let noise = (0..4).map(|_| random.f64() - 0.5).sum::<f64>() * 3.5;
            (f64::from(*value) * gain + offset + noise).round() as u8
        });
        other.rgba = Arc::new(rgba.collect());
        (other.width, other.height) = (width as u32, height as u32);
        let whole = rect(0, 0, width, height);
        needles.push((at, Picture::crop(&other, whole).unwrap()));
    }
    needles
}

/// OpenCV, in a Python of its own.
struct Peer {
    program: String,
    folder: tempfile::TempDir,
    frames: Vec<String>,
    timed: Vec<String>,
}

impl Peer {
    /// Gives it the frames; `None` when it is not there.
    fn new(frames: &[&Frame; 2]) -> Option<Self> {
        let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".into());
        let program = format!("{target}/opencv/bin/python");
        let imported = Command::new(&program).args(["-c", "import cv2"]).output();
        if !imported.is_ok_and(|output| output.status.success()) {
            println!("OpenCV is not there: its columns stay empty (scripts/setup.sh --bench)");
            return None;
        }
        let mut peer = Self {
            program,
            folder: tempfile::tempdir().unwrap(),
            frames: Vec::new(),
            timed: Vec::new(),
        };
        for (at, frame) in frames.iter().enumerate() {
            let name = format!("frame{at} {} {}", frame.width, frame.height);
            peer.write(&format!("frame{at}"), &frame.rgba);
            let picture = Picture::crop(frame, needle_place(frame)).unwrap();
            peer.write(&format!("timed{at}"), picture.rgba());
            peer.timed.push(format!("time {name} timed{at} 100 40"));
            peer.frames.push(name);
        }
        Some(peer)
    }

    /// Returns what a needle of 100x40 takes it in each frame.
    fn times(&self) -> Vec<f64> {
        self.ask(&self.timed, |line| line.parse().unwrap())
    }

    /// Returns its scores and places.
    fn scores(&self, needles: &[(usize, Picture)]) -> Vec<(f64, Point)> {
        let lines = needles.iter().enumerate().map(|(number, (at, picture))| {
            let name = format!("needle{number}");
            self.write(&name, picture.rgba());
            let (width, height) = (picture.width(), picture.height());
            format!("score {} {name} {width} {height}", self.frames[*at])
        });
        self.ask(&lines.collect::<Vec<_>>(), |line| {
            let words: Vec<&str> = line.split(' ').collect();
            let number = |at: usize| words[at].parse().unwrap();
            let (x, y) = (number(1), number(2));
            (words[0].parse().unwrap(), Point { x, y })
        })
    }

    fn ask<T>(&self, lines: &[String], read: impl Fn(&str) -> T) -> Vec<T> {
        self.write("index", lines.join("\n").as_bytes());
        let script = Path::new("scripts/bench/opencv.py");
        let mut command = Command::new(&self.program);
        let output = command
            .arg(script)
            .arg(self.folder.path())
            .output()
            .unwrap();
        let (out, err) = (output.stdout, output.stderr);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&err));
        let out = String::from_utf8(out).unwrap();
        out.lines().map(read).collect()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.folder.path().join(name), bytes).unwrap();
    }
}

/// A desktop with text and widgets, as far as there are programs to show them.
fn scene(width: u32, height: u32) -> Frame {
    let mut server = XServer::start(width, height);
    server.fill(0x00_35_57_6b);
    if is_installed("xterm", "-version") {
        for geometry in ["60x20+10+20", "90x24+300+420"] {
            let command = ["-geometry", geometry, "-e", "seq -s ' ' 1 2000; sleep 60"];
            server.spawn("xterm", &command);
        }
    }
    server.spawn("/usr/bin/python3", &["-c", PROGRAM]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let address = ScreenAddress::Tcp(server.address());
    runtime.block_on(async {
        let dialer = VncDialer::new(Arc::new(NoClock));
        let screen = dialer.open(&address).await.unwrap();
        let mut frame = screen.frame().await.unwrap();
        let calm = Duration::from_secs(3);
        while let Ok(next) = tokio::time::timeout(calm, screen.changed(frame.seq)).await {
            frame = next.unwrap();
        }
        frame
    })
}
