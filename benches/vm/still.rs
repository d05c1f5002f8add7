//! How long a picture takes that is kept as evidence.

use crate::{
    bare::Bare,
    bare_clone,
    lab::{LONG, Lab, Opened},
    loaded,
    table::{Row, Target, median, milliseconds},
};
use mosdat::{
    driver::qemu::Picture,
    model::{Layer, Point},
    port::{Input, Screen},
};
use std::{fs, time::Instant};

const FRAMES: usize = 20;

/// A forced full update is slow, and slower each time.
const FULL_UPDATES: usize = 7;

/// Measures pictures of clones of `session`.
pub(crate) async fn rows(lab: &Lab, session: &Layer) -> Vec<Row> {
    let opened = lab.open(session).await;
    let screen = opened.guest.screen().await.unwrap();
    let mut armed = Vec::new();
    for _ in 0..FRAMES {
        let start = Instant::now();
        drop(screen.frame().await.unwrap());
        armed.push(milliseconds(start.elapsed()));
    }
    let armed = median(armed);
    let moved = pointer_moves(&*screen).await;
    let full = full_updates(&opened);
    opened.close().await;
    let [ppm, png] = screendumps(lab, session).await;
    let row = |name: &str, mosdat, target| Row {
        name: loaded(name),
        unit: "ms",
        mosdat,
        peer: Some(("forced full update", full)),
        target,
    };
    vec![
        row(
            "still frame: the open VNC session has it",
            armed,
            Target::AtMost(10.0),
        ),
        row("still frame: QMP screendump", ppm, Target::AtMost(10.0)),
        row("still frame: QMP screendump as PNG", png, Target::Shown),
        Row {
            peer: None,
            ..row(
                "pointer moved -> the open VNC session shows it",
                moved,
                Target::Shown,
            )
        },
    ]
}

fn times(rounds: usize, mut work: impl FnMut()) -> f64 {
    let times = (0..rounds).map(|_| {
        let start = Instant::now();
        work();
        milliseconds(start.elapsed())
    });
    median(times.collect())
}

/// A second client that knows nothing yet asks for everything.
fn full_updates(opened: &Opened) -> f64 {
    let socket = opened.folder.join("vnc.sock");
    let mut bare = Bare::connect_to(&socket).unwrap();
    times(FULL_UPDATES, || bare.full_frame().unwrap())
}

/// How old a frame can be: the pointer moves, and a newer frame comes.
async fn pointer_moves(screen: &dyn Screen) -> f64 {
    let mut times = Vec::new();
    for round in 0..FRAMES as i32 {
        let place = Point {
            x: 300 + 20 * (round % 2),
            y: 300,
        };
        let start = Instant::now();
        let seen = screen.send(&[Input::Move(place)]).await.unwrap();
        let changed = tokio::time::timeout(LONG, screen.changed(seen));
        changed.await.expect("the pointer is seen").unwrap();
        times.push(milliseconds(start.elapsed()));
    }
    median(times)
}

/// Draws pictures of a clone that only QEMU is asked about.
async fn screendumps(lab: &Lab, session: &Layer) -> [f64; 2] {
    let vm = bare_clone::start(lab, session).await;
    let mut medians = [0.0; 2];
    for (at, picture) in [Picture::Ppm, Picture::Png].into_iter().enumerate() {
        let file = vm.folder().file("picture");
        let mut times = Vec::new();
        for _ in 0..FRAMES {
            let start = Instant::now();
            vm.qmp().screendump(&file, picture).await.unwrap();
            assert!(!fs::read(&file).unwrap().is_empty());
            times.push(milliseconds(start.elapsed()));
        }
        medians[at] = median(times);
    }
    vm.quit().await;
    medians
}
