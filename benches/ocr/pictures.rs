//! Other pictures with known words, and a peer that reads from files.

use crate::{
    desktop::XServer,
    scene::{Scene, TRUTH, calm, dial},
};
use mosdat::{judge::png, model::Frame};
use std::{fs, path::Path, process::Command};

/// A picture and what is on it.
pub(crate) struct Picture {
    pub(crate) name: &'static str,
    pub(crate) frame: Frame,
    pub(crate) truth: &'static str,
}

/// The words of the windows that are no scene.
const LINES: &str = include_str!("../../tests/text/heldout.txt");

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/text");

/// Draws what can be drawn here: GTK in another theme and scale, Tk, and a page in Chromium.
pub(crate) async fn held_out() -> Vec<Picture> {
    let mut pictures = Vec::new();
    for (name, args, scale, size) in [
        (
            "GTK, dark, scale 1.25",
            &["--dark"][..],
            "1.25",
            (1280, 960),
        ),
        ("GTK, scale 1.5", &[][..], "1.5", (1600, 1200)),
    ] {
        let scene = Scene::with(size, args, &[("GDK_DPI_SCALE", scale)]).await;
        pictures.push(Picture {
            name,
            frame: scene.settled().await,
            truth: TRUTH,
        });
    }
    let tk = format!("{FOLDER}/tk.py");
    if works("/usr/bin/python3", &["-c", "import tkinter"]) {
        for (name, scale, size) in [
            ("Tk", "1", (1024, 768)),
            ("Tk, scale 1.5", "1.5", (1400, 900)),
        ] {
            pictures.push(shown(name, size, "/usr/bin/python3", &[&tk, scale]).await);
        }
    } else {
        println!("python3-tk is missing: its rows are left out");
    }
    if works("chromium", &["--version"]) {
        let dir = tempfile::tempdir().unwrap();
        let page = Command::new("/usr/bin/python3")
            .arg(format!("{FOLDER}/page.py"))
            .output();
        let file = dir.path().join("page.html");
        fs::write(&file, page.unwrap().stdout).unwrap();
        for (name, scale, size) in [
            ("Chromium", "1", (1024, 768)),
            ("Chromium, scale 1.25", "1.25", (1280, 960)),
        ] {
            let profile = format!("--user-data-dir={}", dir.path().join(scale).display());
            let scale = format!("--force-device-scale-factor={scale}");
            let page = format!("file://{}", file.display());
            let mut args = vec![
                "--kiosk",
                "--no-first-run",
                "--disable-gpu",
                &profile,
                &scale,
            ];
            // As root, Chromium does not start otherwise.
            args.extend(["--no-sandbox", &page]);
            pictures.push(shown(name, size, "chromium", &args).await);
        }
    } else {
        println!("chromium is missing: its rows are left out");
    }
    pictures
}

fn works(program: &str, args: &[&str]) -> bool {
    let output = Command::new(program).args(args).output();
    output.is_ok_and(|output| output.status.success())
}

async fn shown(name: &'static str, size: (u32, u32), program: &str, args: &[&str]) -> Picture {
    let mut server = XServer::start(size.0, size.1);
    server.fill(0x35_57_6b);
    server.spawn(program, args);
    Picture {
        name,
        frame: calm(&*dial(&server).await, &[(20, 20), (20, 120)]).await,
        truth: LINES,
    }
}

/// What `RapidOCR` with the models of PP-OCRv4 reads, and the seconds of processor time it takes
/// without loading them; `None` when it is not installed.
pub(crate) fn by_rapidocr(frame: &Frame) -> Option<(String, f64)> {
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".into());
    let python = Path::new(&target).join("rapidocr/bin/python");
    let dir = tempfile::tempdir().unwrap();
    let picture = dir.path().join("screen.png");
    fs::write(&picture, png(frame)).unwrap();
    let code = "import sys, time; from rapidocr_onnxruntime import RapidOCR; r = RapidOCR(); \
        s = time.process_time(); a, _ = r(sys.argv[1]); print(time.process_time() - s); \
        [print(x[1]) for x in a]";
    let output = Command::new(python)
        .args(["-c", code])
        .arg(picture)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (seconds, words) = text.split_once('\n')?;
    Some((words.into(), seconds.parse().ok()?))
}
