//! Measures virtual machines beside what they replace: `cargo bench --bench vm`. It boots what it
//! needs and ends it. Names of parts after `--` leave out the others: `start`, `stages`,
//! `memory`, `still`, `lookup`, `ten`, `unchanged`.
//!
//!   `MOSDAT_IMAGES`  the folder with images, where it is not mosdat's usual one
//!   `BENCH_IMAGE`    the image to start from (`debian12`)
//!   `BENCH_DEBS`     a folder with `python3-pyatspi` and `gir1.2-atspi-2.0`, for the peer of a lookup
//!
//! Machines are translated where the processor cannot run them, which takes all of it. So each row
//! tells how many processes wanted a processor while it was measured: on a computer with other
//! work, times tell little.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on may panic; it starts programs and prints what it sees"
)]

#[expect(dead_code, reason = "only whole frames are asked for")]
#[path = "desktop/bare.rs"]
mod bare;
#[path = "vm/bare_clone.rs"]
mod bare_clone;
#[path = "tree/form.rs"]
mod form;
#[path = "vm/lab.rs"]
mod lab;
#[path = "vm/lookup.rs"]
mod lookup;
#[path = "vm/matrix.rs"]
mod matrix;
#[path = "vm/memory.rs"]
mod memory;
#[path = "vm/stages.rs"]
mod stages;
#[path = "vm/start.rs"]
mod start;
#[path = "vm/still.rs"]
mod still;
#[path = "desktop/table.rs"]
mod table;
#[expect(dead_code, reason = "other benchmarks look at more")]
#[path = "desktop/usage.rs"]
mod usage;

use lab::{Cost, Lab};
use mosdat::{driver::image::ImageStore, model::Layer, port::Images};
use std::{
    cell::OnceCell,
    ffi::OsString,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};
use table::{NOT_MEASURED, Row, Table, Target};

/// How often the machine is booted, of which the median counts.
const BOOTS: usize = 3;

/// Parts of this benchmark, and what each measures.
const PARTS: [(&str, &str); 7] = [
    ("start", "scenario start from a kept session"),
    ("stages", "scenario start, stage by stage"),
    ("memory", "memory of an idle clone"),
    ("still", "still frames"),
    ("lookup", "accessibility lookup over SSH"),
    ("ten", "ten scenarios on one machine"),
    ("unchanged", "apply of an unchanged matrix of 4 machines"),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let named = arguments.iter().filter(|it| !it.starts_with("--"));
    let named: Vec<&str> = named.map(String::as_str).collect();
    let is_wanted = |part: &str| named.is_empty() || named.contains(&part);
    let parts = PARTS.into_iter().filter(|(part, _)| is_wanted(part));
    let parts: Vec<_> = parts.collect();
    let rows = match Setting::find() {
        Ok(setting) => measure(&setting, &parts),
        Err(why) => {
            println!("{why}: nothing was measured");
            let rows = parts.iter().map(|(_, what)| not_measured(what));
            rows.collect()
        }
    };
    let table = Table(rows);
    println!("{table}");
    println!(
        "times are medians; `load` is how many processes wanted a processor, of the last minute"
    );
    let missed = table.0.iter().filter(|row| !row.holds()).count();
    println!("{missed} of {} rows miss their target", table.0.len());
    ExitCode::SUCCESS
}

/// Measures all `parts`. One that panics costs its own rows.
fn measure(setting: &Setting, parts: &[(&str, &str)]) -> Vec<Row> {
    // As many threads as mosdat itself works with.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    let bench = OnceCell::new();
    let mut rows = Vec::new();
    for (part, what) in parts {
        let measured = catch_unwind(AssertUnwindSafe(|| match *part {
            "ten" => matrix::ten_scenarios(&setting.folder, &setting.image),
            "unchanged" => matrix::unchanged(&setting.folder),
            _ => {
                let ready = bench.get_or_init(|| runtime.block_on(Ready::new(setting)));
                runtime.block_on(ready.rows(part, setting))
            }
        }));
        rows.extend(measured.unwrap_or_else(|_| vec![not_measured(what)]));
    }
    rows
}

/// A machine whose session is kept.
struct Ready {
    lab: Lab,
    session: Layer,
    /// What booting it took.
    boots: Vec<Cost>,
}

impl Ready {
    async fn new(setting: &Setting) -> Self {
        let image = setting.images.find(&setting.image).unwrap();
        let image = image.expect("the image was there just now");
        let lab = Lab::new(image, Arc::clone(&setting.images));
        let mut boots = Vec::new();
        for _ in 1..BOOTS {
            let booted = lab.open(&Layer::Base).await;
            boots.push(booted.cost);
            booted.close().await;
        }
        let (session, boot) = lab.keep().await;
        boots.push(boot);
        Self {
            lab,
            session,
            boots,
        }
    }

    async fn rows(&self, part: &str, setting: &Setting) -> Vec<Row> {
        let (lab, session) = (&self.lab, &self.session);
        match part {
            "start" => start::rows(lab, session, &self.boots).await,
            "stages" => stages::rows(lab, session).await,
            "memory" => memory::rows(lab, session).await,
            "still" => still::rows(lab, session).await,
            "lookup" => lookup::rows(lab, session, setting.debs.as_deref()).await,
            part => unreachable!("nothing is called `{part}`"),
        }
    }
}

/// What there is to measure with.
struct Setting {
    folder: PathBuf,
    images: Arc<dyn Images>,
    image: String,
    debs: Option<PathBuf>,
}

impl Setting {
    fn find() -> Result<Self, String> {
        let get = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let path_var = std::env::var("PATH").unwrap();
        if mosdat::driver::process::find_program("qemu-system-x86_64", &path_var).is_none() {
            return Err("QEMU is missing (package qemu-system-x86)".into());
        }
        let folder = images_dir(&get).ok_or("there is no home folder, where images would lie")?;
        let image = std::env::var("BENCH_IMAGE").unwrap_or_else(|_| "debian12".into());
        let images: Arc<dyn Images> = Arc::new(ImageStore::new(&folder));
        match images.find(&image) {
            Ok(Some(_)) => Ok(Self {
                folder,
                images,
                image,
                debs: get("BENCH_DEBS").map(PathBuf::from),
            }),
            Ok(None) => Err(format!(
                "there is no image `{image}` (mosdat image build {image})"
            )),
            Err(err) => Err(err.to_string()),
        }
    }
}

/// Returns the folder that mosdat itself looks for images in.
fn images_dir(get: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(dir) = get("MOSDAT_IMAGES") {
        return Some(dir.into());
    }
    let data = get("XDG_DATA_HOME").map(PathBuf::from);
    let data = data.or_else(|| Some(PathBuf::from(get("HOME")?).join(".local/share")));
    Some(data?.join("mosdat/images"))
}

fn not_measured(what: &str) -> Row {
    Row {
        name: what.into(),
        unit: "",
        mosdat: NOT_MEASURED,
        peer: None,
        target: Target::Shown,
    }
}

/// Returns the name of a row with the load of this computer.
fn loaded(name: &str) -> String {
    format!("{name} [load {:.1}]", usage::load())
}
