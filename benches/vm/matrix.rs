//! Whole runs of the real program on virtual machines: ten scenarios on one machine, and a matrix
//! in which nothing has changed.

use crate::{
    loaded,
    table::{NOT_MEASURED, Row, Target, median},
    usage,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};
use tempfile::TempDir;

/// The program that is measured.
const MOSDAT: &str = env!("CARGO_BIN_EXE_mosdat");

/// Where this checkout lies.
const CHECKOUT: &str = env!("CARGO_MANIFEST_DIR");

/// How often ten scenarios are run in each way, of which the median counts.
const ROUNDS: usize = 3;

/// How often an unchanged matrix is applied.
const APPLIES: usize = 9;

/// A way to run ten scenarios: what it is called, and what `[qemu]` says of it.
const WAYS: [(&str, &str); 3] = [
    ("together", "parallel = 4"),
    ("in-turn", "parallel = 1"),
    ("snapshots", "parallel = 1\nsession_layers = \"snapshot\""),
];

/// Measures ten scenarios of the notes app on one machine, in each way.
pub(crate) fn ten_scenarios(images: &Path, image: &str) -> Vec<Row> {
    let place = Place::new(images);
    place.double_scenarios();
    for (name, how) in WAYS {
        place.write_plan(name, image, how);
    }
    let measured = place.ten_in_each_way();
    let medians = measured.map(|ways| ways.map(|runs| Taken::median(&runs)));
    let [together, in_turn, snapshots] = medians.unwrap_or([Taken::NOTHING; 3]);
    let row = |name: &str, mosdat, peer, target| Row {
        name: loaded(name),
        unit: "s",
        mosdat,
        peer: Some(("one after another, snapshot-load", peer)),
        target,
    };
    vec![
        row(
            "ten scenarios on one machine, 4 clones at once",
            together.wall,
            snapshots.wall,
            // One and a half times faster.
            Target::Ratio(0.667),
        ),
        row(
            "the same, one clone after another",
            in_turn.wall,
            snapshots.wall,
            Target::Shown,
        ),
        row(
            "processor time of ten scenarios, 4 clones at once",
            together.cpu,
            snapshots.cpu,
            Target::Shown,
        ),
    ]
}

/// Measures `plans/notes-vms.toml` when all of it holds already.
pub(crate) fn unchanged(images: &Path) -> Vec<Row> {
    let place = Place::new(images);
    let swapped = place.use_images_that_are_there();
    let plan = "plans/notes-vms.toml";
    println!("carrying out {plan} once, which takes some minutes{swapped}");
    let began = Instant::now();
    // A QEMU at another place would be another QEMU, so it counts from the beginning.
    let counter = Counter::new();
    let is_done = place.run(plan, &[], Some(&counter)).is_some();
    println!("it took {:.0} s", began.elapsed().as_secs_f64());
    let before = counter.count();
    let mut walls = Vec::new();
    if is_done {
        for _ in 0..APPLIES {
            let taken = place.run(plan, &[], Some(&counter));
            walls.extend(taken.map(|taken| taken.wall * 1e3));
        }
    }
    let started = counter.count() - before;
    println!(
        "QEMU's programs were started {before} times at first, and {started} times after that"
    );
    let holds = walls.len() == APPLIES && before > 0 && started == 0;
    vec![Row {
        name: loaded("apply of a matrix of 4 machines when nothing is due, no QEMU started"),
        unit: "ms",
        mosdat: if holds { median(walls) } else { NOT_MEASURED },
        peer: None,
        target: Target::AtMost(100.0),
    }]
}

/// What a run took, in seconds.
#[derive(Clone, Copy)]
struct Taken {
    wall: f64,
    cpu: f64,
}

impl Taken {
    const NOTHING: Self = Self {
        wall: NOT_MEASURED,
        cpu: NOT_MEASURED,
    };

    fn median(runs: &[Self]) -> Self {
        Self {
            wall: median(runs.iter().map(|run| run.wall).collect()),
            cpu: median(runs.iter().map(|run| run.cpu).collect()),
        }
    }
}

/// A folder with the plans, scenarios and examples of this checkout, and state of its own.
struct Place {
    dir: TempDir,
    images: PathBuf,
}

impl Place {
    fn new(images: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["examples", "plans", "scenarios"] {
            let from = Path::new(CHECKOUT).join(folder);
            let mut copy = Command::new("cp");
            let copied = copy.arg("-r").arg(from).arg(dir.path()).status();
            assert!(copied.unwrap().success());
        }
        fs::create_dir(dir.path().join("runtime")).unwrap();
        let place = Self {
            dir,
            images: images.into(),
        };
        place.edit("plans/notes-vms.toml", |text| {
            text.replace("[qemu]\n", &format!("[qemu]\n{}\n", place.images_line()))
        });
        place
    }

    fn images_line(&self) -> String {
        format!("images = \"{}\"", self.images.display())
    }

    fn edit(&self, file: &str, change: impl FnOnce(String) -> String) {
        let path = self.dir.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, change(text)).unwrap();
    }

    /// Makes ten scenarios of the notes app out of five.
    fn double_scenarios(&self) {
        let dir = self.dir.path().join("scenarios/notes");
        let files = fs::read_dir(&dir).unwrap().flatten();
        let files: Vec<PathBuf> = files.map(|file| file.path()).collect();
        let scenarios = files
            .iter()
            .filter(|file| file.extension().is_some_and(|it| it == "yaml"));
        let mut count = 0;
        for file in scenarios {
            let name = file.file_stem().unwrap().to_str().unwrap();
            fs::copy(file, dir.join(format!("{name}-again.yaml"))).unwrap();
            count += 2;
        }
        assert_eq!(count, 10, "the notes app has five scenarios");
    }

    fn write_plan(&self, name: &str, image: &str, how: &str) {
        let images = self.images_line();
        let text = format!(
            "[matrix]\n\
             name = \"{name}\"\n\
             include = [\"../examples/notes/notes.toml\"]\n\
             machines = [\"vm\"]\n\
             builds = [\"main\"]\n\
             scenarios = [\"notes/*\"]\n\
             timeout = \"3m\"\n\
             [[build]]\n\
             name = \"main\"\n\
             source = {{ path = \"../examples/notes\" }}\n\
             commands = [\"./package.sh\"]\n\
             [qemu]\n\
             {images}\n\
             memory = \"768M\"\n\
             cpus = 1\n\
             {how}\n\
             [[vm]]\n\
             name = \"vm\"\n\
             provider = \"qemu\"\n\
             image = \"{image}\"\n\
             session = \"x11\"\n\
             [[vm.package]]\n\
             format = \"deb\"\n\
             file_glob = \"notes_*_all.deb\"\n"
        );
        fs::write(self.dir.path().join(plan(name)), text).unwrap();
    }

    /// Runs the scenarios in each way, in turns; nothing when one run did not end well.
    fn ten_in_each_way(&self) -> Option<[Vec<Taken>; 3]> {
        for (name, _) in WAYS {
            println!("making the layers for ten scenarios, {name}");
            self.apply(&plan(name), &[])?;
        }
        let mut runs = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            for (at, (name, _)) in WAYS.iter().enumerate() {
                // The layers are there; only the scenarios run.
                let taken = self.apply(&plan(name), &["--replace", "phase(exercise)"])?;
                println!(
                    "{name}: {:.1} s, {:.1} s of processor time, load {:.1}",
                    taken.wall,
                    taken.cpu,
                    usage::load()
                );
                runs[at].push(taken);
            }
        }
        Some(runs)
    }

    /// Takes an image that is there in place of each that is not, and says so.
    fn use_images_that_are_there(&self) -> String {
        let is_there = |name: &str| self.images.join(name).exists();
        let (there, missing): (Vec<&str>, Vec<&str>) = ["debian12", "debian13"]
            .into_iter()
            .partition(|it| is_there(it));
        let Some(other) = there.first() else {
            return String::new();
        };
        let put_in = |name: &&str| {
            let (from, to) = (format!("\"{name}\""), format!("\"{other}\""));
            let line = |line: &str| {
                if line.starts_with("image ") {
                    line.replace(&from, &to) + "\n"
                } else {
                    line.to_owned() + "\n"
                }
            };
            self.edit("plans/notes-vms.toml", |text| {
                text.lines().map(line).collect()
            });
            format!("; `{other}` stands in for `{name}`, which is not built")
        };
        missing.iter().map(put_in).collect()
    }

    /// Applies a plan; nothing when it did not end well.
    fn apply(&self, plan: &str, more: &[&str]) -> Option<Taken> {
        self.run(plan, more, None)
    }

    fn run(&self, plan: &str, more: &[&str], counter: Option<&Counter>) -> Option<Taken> {
        let mut command = Command::new(MOSDAT);
        command.args(["apply", plan, "--yes"]).args(more);
        command.current_dir(self.dir.path());
        // Machines of others must not make these wait.
        command.env("XDG_RUNTIME_DIR", self.dir.path().join("runtime"));
        if let Some(counter) = counter {
            command.env("PATH", counter.path_var());
        }
        let (start, cpu) = (Instant::now(), usage::cpu_seconds_of_children());
        let output = command.output().unwrap();
        let taken = Taken {
            wall: start.elapsed().as_secs_f64(),
            cpu: usage::cpu_seconds_of_children() - cpu,
        };
        if output.status.success() {
            return Some(taken);
        }
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = said.lines().collect();
        let last = lines[lines.len().saturating_sub(40)..].join("\n");
        println!("`mosdat apply {plan}` {}:\n{last}", output.status);
        None
    }
}

fn plan(name: &str) -> String {
    format!("plans/{name}.toml")
}

/// Stands before QEMU and counts how often it is started.
struct Counter {
    dir: TempDir,
}

impl Counter {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let counter = Self { dir };
        let path_var = std::env::var("PATH").unwrap();
        for name in ["qemu-system-x86_64", "qemu-img"] {
            let Some(program) = mosdat::driver::process::find_program(name, &path_var) else {
                continue;
            };
            let (file, log) = (counter.dir.path().join(name), counter.log());
            let (program, log) = (program.display(), log.display());
            let text = format!("#!/bin/sh\necho {name} >> {log}\nexec {program} \"$@\"\n");
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        counter
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("started")
    }

    fn path_var(&self) -> String {
        let path_var = std::env::var("PATH").unwrap();
        format!("{}:{path_var}", self.dir.path().display())
    }

    fn count(&self) -> usize {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        text.lines().count()
    }
}
