//! Measures mosdat on a real desktop beside the least that its work can take: `cargo bench --bench
//! desktop`. It starts what it needs and ends it.
//!
//! Both clients watch one server, and take turns, so that whatever else the computer does hits
//! both.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on may panic; it starts programs and prints what it sees"
)]

#[expect(dead_code, reason = "virtual machines show their screen on a socket")]
#[path = "desktop/bare.rs"]
mod bare;
#[expect(
    dead_code,
    reason = "the tests need more of a server than a benchmark does"
)]
#[path = "../tests/it/desktop.rs"]
mod desktop;
#[path = "desktop/fleet.rs"]
mod fleet;
#[path = "desktop/like.rs"]
mod like;
#[path = "../tests/it/machine.rs"]
mod machine;
#[path = "desktop/side.rs"]
mod side;
#[path = "desktop/table.rs"]
mod table;
#[expect(dead_code, reason = "virtual machines are looked at from more sides")]
#[path = "desktop/usage.rs"]
mod usage;
#[path = "desktop/window.rs"]
mod window;

use desktop::XServer;
use image::{ColorType, ImageEncoder, codecs::png::PngEncoder};
use mosdat::{
    driver::vnc::VncDialer,
    judge::{Anchor, Picture, differs, find_exact, nearest, png},
    model::{Frame, Rect, Timestamp},
    port::{Clock, Screen, ScreenAddress},
};
use side::Side;
use std::{
    process::{Command, ExitCode},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use table::{Row, Table, Target, median, milliseconds};
use window::Painter;

const SIZE: (u32, u32) = (1024, 768);
const KEYS: usize = 60;
const WINDOWS: usize = 20;
const FRAMES: usize = 20;
const CALLS: usize = 200;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--side") {
        side::run(&arguments[at + 1], arguments[at + 2].parse().unwrap());
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|argument| argument == "--fleet") {
        fleet::run();
        return ExitCode::SUCCESS;
    }
    let only_likeness = arguments.iter().any(|argument| argument == "--like");
    if !is_installed("Xtigervnc", "-version") {
        println!("Xtigervnc is missing (package tigervnc-standalone-server): nothing was measured");
        return ExitCode::FAILURE;
    }
    let mut rows = Vec::new();
    if !only_likeness {
        rows.extend(live_rows());
        rows.extend(picture_rows());
        rows.extend(fleet::rows());
    }
    rows.extend(like::rows());
    let table = Table(rows);
    println!("{table}");
    println!(
        "times are medians; both clients watched one Xtigervnc of {}x{}",
        SIZE.0, SIZE.1
    );
    let missed = table.0.iter().filter(|row| !row.holds()).count();
    println!("{missed} of {} rows miss their target", table.0.len());
    ExitCode::SUCCESS
}

fn is_installed(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).output().is_ok()
}

/// What takes a server: two clients, in turns.
fn live_rows() -> Vec<Row> {
    let server = XServer::start(SIZE.0, SIZE.1);
    drop(Painter::connect(&server.display).echo());
    let painter = Painter::connect(&server.display);
    let mut sides = ["mosdat", "bare"].map(|name| Side::start(name, server.port));
    let mut rows = Vec::new();

    let before = sides.each_mut().map(Side::usage);
    let keys = in_turns(&mut sides, KEYS, |side, _| {
        side.order("key");
        side.answer()
    });
    let after = sides.each_mut().map(Side::usage);
    rows.push(row("key -> pixels seen", "ms", keys, Target::Ratio(1.3)));
    let cpu = [0, 1].map(|at| (after[at].cpu_seconds - before[at].cpu_seconds) * 1e3);
    let name = format!("processor time of {KEYS} keys (and watching as many)");
    rows.push(row(&name, "ms", cpu, Target::Shown));

    let mut noticed = Vec::new();
    let windows = in_turns(&mut sides, WINDOWS, |side, round| {
        let (x, y) = (300 + round as i16 * 7, 200 + round as i16 * 5);
        side.order(&format!("window {x} {y}"));
        // The order must be on its way before the window is.
        thread::sleep(Duration::from_millis(30));
        let start = Instant::now();
        let window = painter.show(x, y);
        noticed.push(side.answer());
        let took = milliseconds(start.elapsed());
        painter.remove(window);
        took
    });
    rows.push(row(
        "window appears -> anchor found",
        "ms",
        windows,
        Target::Ratio(1.3),
    ));
    let first_sight = noticed.into_iter().step_by(2).collect();
    rows.push(Row {
        name: "first damage in the session -> anchor found".into(),
        unit: "ms",
        mosdat: median(first_sight),
        peer: None,
        target: Target::AtMost(50.0),
    });

    let frames = in_turns(&mut sides, FRAMES, |side, _| {
        side.order("frame");
        side.answer()
    });
    rows.push(row("whole frame in hand", "ms", frames, Target::Ratio(1.3)));
    let peak = sides.each_mut().map(|side| side.usage().peak_mib);
    rows.push(row("peak memory", "MiB", peak, Target::Shown));
    rows
}

fn row(name: &str, unit: &'static str, [mosdat, peer]: [f64; 2], target: Target) -> Row {
    Row {
        name: name.into(),
        unit,
        mosdat,
        peer: Some(("bare client", peer)),
        target,
    }
}

/// Measures both sides in turns and returns their medians. The first rounds warm up.
fn in_turns(
    sides: &mut [Side; 2],
    rounds: usize,
    mut measure: impl FnMut(&mut Side, usize) -> f64,
) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        for at in 0..2 {
            for side in sides.iter_mut() {
                side.order("drain");
                side.answer();
            }
            // The server works at a fixed pace, which must not be kept step with.
            thread::sleep(Duration::from_millis(5 + fastrand::u64(0..30)));
            times[at].push(measure(&mut sides[at], round));
        }
    }
    times.map(|times| median(times[2..].to_vec()))
}

#[derive(Debug)]
struct NoClock;

impl Clock for NoClock {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

/// What takes only a picture, of a desktop with text on it.
fn picture_rows() -> Vec<Row> {
    let frame = scene();
    let anchor = side::anchor();
    let there = cut(&frame, rect(300, 60, 100, 40));
    let striped = Anchor::new(Picture::crop(&stripes(&frame), rect(0, 0, 100, 40)).unwrap());
    let striped = striped.unwrap();
    let blank = recoloured(&frame, |_, _| [255; 4]);
    let mut copy = frame.clone();
    copy.rgba = Arc::new(frame.rgba.to_vec());
    let other = {
        let mut other = frame.clone();
        *Arc::make_mut(&mut other.rgba).last_mut().unwrap() = 0;
        other
    };
    let exact = |name: &str, frame: &Frame, anchor: &Anchor, most| Row {
        name: name.into(),
        unit: "ms",
        // An anchor that is everywhere is refused, which has to be just as quick.
        mosdat: time(|| find_exact(frame, anchor, None)),
        peer: Some(("row by row", time(|| plain_search(frame, anchor)))),
        target: Target::AtMost(most),
    };
    vec![
        exact("anchor 100x40, there", &frame, &there, 0.1),
        exact("anchor 100x40, missing", &frame, &anchor, 0.1),
        exact(
            "anchor of stripes on a blank screen",
            &blank,
            &striped,
            10.0,
        ),
        Row {
            name: "nearest place of a missing anchor".into(),
            unit: "ms",
            mosdat: time(|| nearest(&frame, &anchor, None).unwrap()),
            peer: None,
            target: Target::Shown,
        },
        Row {
            name: "did anything change: the last pixel did".into(),
            unit: "ms",
            mosdat: time(|| differs(&frame, &other).unwrap()),
            peer: None,
            target: Target::AtMost(0.3),
        },
        Row {
            name: "did anything change: nothing did".into(),
            unit: "ms",
            mosdat: time(|| assert!(differs(&frame, &copy).is_none())),
            peer: Some((
                "comparing bytes",
                time(|| frame.rgba.as_slice() == copy.rgba.as_slice()),
            )),
            target: Target::AtMost(0.1),
        },
        Row {
            name: format!("frame as PNG ({} KiB)", png(&frame).len() / 1024),
            unit: "ms",
            mosdat: time(|| png(&frame)),
            peer: Some(("image, its own settings", time(|| plain_png(&frame)))),
            target: Target::AtMost(1.5),
        },
    ]
}

/// Median of many calls.
fn time<T>(mut call: impl FnMut() -> T) -> f64 {
    let times = (0..CALLS).map(|_| {
        let start = Instant::now();
        std::hint::black_box(call());
        milliseconds(start.elapsed())
    });
    median(times.collect())
}

/// A desktop with text, as far as there is a terminal to show it.
fn scene() -> Frame {
    let mut server = XServer::start(SIZE.0, SIZE.1);
    server.fill(0x00_2b_3a_67);
    if is_installed("xterm", "-version") {
        for geometry in ["80x24+20+20", "90x30+300+300"] {
            let command = ["-geometry", geometry, "-e", "seq -s ' ' 1 2000; sleep 60"];
            server.spawn("xterm", &command);
        }
    } else {
        println!("xterm is missing: pictures are measured on a screen without text");
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let address = ScreenAddress::Tcp(server.address());
    runtime.block_on(async {
        let screen = VncDialer::new(Arc::new(NoClock))
            .open(&address)
            .await
            .unwrap();
        let mut frame = screen.frame().await.unwrap();
        // The screen has settled when nothing has changed for a while.
        let calm = Duration::from_millis(1500);
        while let Ok(next) = tokio::time::timeout(calm, screen.changed(frame.seq)).await {
            frame = next.unwrap();
        }
        frame
    })
}

/// Two stripes of one colour each: each row of it is everywhere on a screen of that colour.
fn stripes(frame: &Frame) -> Frame {
    recoloured(
        frame,
        |_, y| if y == 39 { [9, 9, 9, 255] } else { [255; 4] },
    )
}

fn recoloured(frame: &Frame, colour: impl Fn(u32, u32) -> [u8; 4]) -> Frame {
    let points = (0..frame.height).flat_map(|y| (0..frame.width).map(move |x| (x, y)));
    Frame {
        rgba: Arc::new(points.flat_map(|(x, y)| colour(x, y)).collect()),
        ..frame.clone()
    }
}

fn cut(frame: &Frame, area: Rect) -> Anchor {
    Anchor::new(Picture::crop(frame, area).unwrap()).unwrap()
}

fn rect(x: i32, y: i32, width: i32, height: i32) -> Rect {
    Rect {
        x,
        y,
        width,
        height,
    }
}

/// The obvious way: at each pixel, compare row by row.
fn plain_search(frame: &Frame, anchor: &Anchor) -> Option<(usize, usize)> {
    let (width, height) = (
        anchor.picture().width() as usize,
        anchor.picture().height() as usize,
    );
    let wanted: Vec<&[u8]> = anchor.picture().rgba().chunks_exact(width * 4).collect();
    let rows: Vec<&[u8]> = frame.rgba.chunks_exact(frame.width as usize * 4).collect();
    let places = (0..=rows.len() - height)
        .flat_map(|y| (0..=frame.width as usize - width).map(move |x| (x, y)));
    let is_there = |x: usize, y: usize| {
        let mut pairs = wanted.iter().zip(&rows[y..]);
        pairs.all(|(wanted, row)| &row[x * 4..(x + width) * 4] == *wanted)
    };
    places.into_iter().find(|(x, y)| is_there(*x, *y))
}

fn plain_png(frame: &Frame) -> Vec<u8> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(
            &frame.rgba,
            frame.width,
            frame.height,
            ColorType::Rgba8.into(),
        )
        .unwrap();
    bytes
}
