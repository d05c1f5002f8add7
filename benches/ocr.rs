//! Measures reading text in pictures, beside other programs that do: `cargo bench --bench ocr`.
//!
//! What is known to be on a screen is counted word by word, exactly as it is written. Processor time
//! is that of this process, or of the peer's; other pictures come last. They were all looked at when
//! settings were chosen.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on may panic; it starts programs and prints what it sees"
)]

#[expect(
    dead_code,
    reason = "the tests need more of a server than a benchmark does"
)]
#[path = "../tests/it/desktop.rs"]
mod desktop;
#[path = "ocr/pictures.rs"]
mod pictures;
#[path = "../tests/it/text/scene.rs"]
mod scene;
#[expect(dead_code, reason = "other benchmarks have more kinds of rows")]
#[path = "desktop/table.rs"]
mod table;
#[path = "ocr/usage.rs"]
mod usage;

use mosdat::{
    driver::ocr::{TextReaders, TextReadersConfig},
    model::{Frame, FrameCause, FrameSeq, Reading, Rect, Timestamp},
    port::{Reader, Readers},
};
use pictures::Picture;
use scene::{Scene, TRUTH};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};
use table::{Row, Table, Target, median};

/// How often each thing is measured.
const ROUNDS: usize = 3;

#[tokio::main]
async fn main() -> ExitCode {
    let models = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/ocr-models");
    let models = std::env::var_os("MOSDAT_TEST_OCR_MODELS").map_or(models, PathBuf::from);
    if !models.join("ppocrv6_dict.txt").is_file() {
        println!("there are no models (scripts/setup.sh): nothing was measured");
        return ExitCode::FAILURE;
    }
    let mut scene = Scene::start(&[]).await;
    let frame = scene.settled().await;
    let changed = scene.change("Waiting").await;
    drop(scene);
    let mut rows = whole_screen(&models, &frame).await;
    rows.extend(parts(&models, &frame, &changed).await);
    for picture in pictures::held_out().await {
        rows.push(held_out(&models, &picture).await);
    }
    let table = Table(rows);
    println!("{table}");
    let missed = table.0.iter().filter(|row| !row.holds()).count();
    println!("{missed} of {} rows miss their target", table.0.len());
    ExitCode::SUCCESS
}

fn readers(models: &Path) -> TextReaders {
    TextReaders::new(TextReadersConfig {
        models: vec![models.into()],
        environment: BTreeMap::from([("PATH".into(), std::env::var("PATH").unwrap())]),
    })
}

/// Readers that have read nothing, with their models loaded, as they are once for all screens.
async fn ready(models: &Path) -> TextReaders {
    let readers = readers(models);
    readers.open().read(&blank(), None).await.unwrap();
    readers
}

/// A screen of one white pixel.
fn blank() -> Frame {
    Frame {
        seq: FrameSeq(0),
        at: Timestamp(0),
        cause: FrameCause::Connected,
        width: 1,
        height: 1,
        rgba: Arc::new(vec![255; 4]),
        damage: Vec::new(),
    }
}

/// Reads once, and returns how many seconds of processor time that took, with those of programs
/// that were started for it.
async fn timed(reader: &dyn Reader, frame: &Frame, area: Option<Rect>) -> (Reading, f64) {
    let before = usage::cpu_seconds();
    let reading = reader.read(frame, area).await.unwrap();
    (reading, usage::cpu_seconds() - before)
}

/// Reads a whole screen that nothing is known of, and the same by each peer.
async fn whole_screen(models: &Path, frame: &Frame) -> Vec<Row> {
    let (mut times, mut others) = (Vec::new(), Vec::new());
    let mut words = [0.0; 2];
    for _ in 0..ROUNDS {
        let own = timed(&*ready(models).await.open(), frame, None).await;
        let other = timed(&*readers(Path::new("/nowhere")).open(), frame, None).await;
        words = [missed(&own.0, TRUTH), missed(&other.0, TRUTH)];
        times.push(own.1);
        others.push(other.1);
    }
    let took = median(times);
    let name = "whole screen of 1024x768";
    let mut rows = vec![
        row(
            &format!("{name}: words missed"),
            "%",
            words[0],
            Some(("tesseract", words[1])),
            Target::AtMost(1.0),
        ),
        row(
            &format!("{name}: processor time"),
            "s",
            took,
            Some(("tesseract", median(others))),
            Target::AtMost(2.8),
        ),
    ];
    if let Some((text, other)) = pictures::by_rapidocr(frame) {
        let peer = |value| Some(("rapidocr", value));
        let count = missed_in(text.split_whitespace(), TRUTH);
        rows.push(row(
            &format!("{name}: words missed"),
            "%",
            words[0],
            peer(count),
            Target::Shown,
        ));
        rows.push(row(
            &format!("{name}: processor time"),
            "s",
            took,
            peer(other),
            Target::Shown,
        ));
    } else {
        println!("rapidocr is missing (scripts/setup.sh --bench): its rows are left out");
    }
    rows
}

/// What is quicker because little is asked, or little is new.
async fn parts(models: &Path, frame: &Frame, changed: &Frame) -> Vec<Row> {
    let crop = Rect {
        x: 90,
        y: 418,
        width: 460,
        height: 70,
    };
    let (mut crops, mut cells, mut words) = (Vec::new(), Vec::new(), 0.0);
    let mut runs = 0.0;
    let mut still = Vec::new();
    for _ in 0..ROUNDS {
        let (reading, took) = timed(&*ready(models).await.open(), frame, Some(crop)).await;
        words = missed(&reading, "Reset everything Discard Publish Close");
        crops.push(took);
        let readers = ready(models).await;
        let reader = readers.open();
        reader.read(frame, None).await.unwrap();
        let (reading, took) = timed(&*reader, changed, None).await;
        assert!(
            missed(&reading, "Waiting") == 0.0,
            "the change was not seen"
        );
        cells.push(took * 1e3);
        let mut same = changed.clone();
        same.rgba = Arc::new(changed.rgba.to_vec());
        let before = readers.runs();
        still.push(timed(&*reader, &same, None).await.1 * 1e3);
        let after = readers.runs();
        runs += (after.detector + after.recogniser - before.detector - before.recogniser) as f64;
    }
    vec![
        row(
            "a part of 460x70 with five words",
            "s",
            median(crops),
            None,
            Target::AtMost(0.13),
        ),
        row(
            "of these, words missed",
            "%",
            words,
            None,
            Target::AtMost(0.0),
        ),
        row(
            "one changed cell",
            "ms",
            median(cells),
            None,
            Target::AtMost(60.0),
        ),
        row("nothing changed", "ms", median(still), None, Target::Shown),
        row(
            "nothing changed: runs of models",
            "",
            runs,
            None,
            Target::AtMost(0.0),
        ),
    ]
}

/// Another picture.
async fn held_out(models: &Path, picture: &Picture) -> Row {
    let own = timed(&*ready(models).await.open(), &picture.frame, None)
        .await
        .0;
    let other = timed(
        &*readers(Path::new("/nowhere")).open(),
        &picture.frame,
        None,
    )
    .await
    .0;
    let peer = ("tesseract", missed(&other, picture.truth));
    let name = format!("{}: words missed", picture.name);
    row(
        &name,
        "%",
        missed(&own, picture.truth),
        Some(peer),
        Target::Shown,
    )
}

fn missed(reading: &Reading, truth: &str) -> f64 {
    let words = reading.lines.iter().flat_map(|line| &line.words);
    missed_in(words.map(|word| word.text.as_str()), truth)
}

/// How many of the words of `truth` were not read exactly, in percent.
fn missed_in<'a>(read: impl Iterator<Item = &'a str>, truth: &str) -> f64 {
    let mut read: Vec<&str> = read.collect();
    let (mut total, mut missed) = (0, 0);
    for word in truth.split_whitespace() {
        total += 1;
        match read.iter().position(|other| *other == word) {
            Some(at) => drop(read.swap_remove(at)),
            None => missed += 1,
        }
    }
    f64::from(missed) * 100.0 / f64::from(total)
}

fn row(
    name: &str,
    unit: &'static str,
    mosdat: f64,
    peer: Option<(&'static str, f64)>,
    target: Target,
) -> Row {
    Row {
        name: name.into(),
        unit,
        mosdat,
        peer,
        target,
    }
}
