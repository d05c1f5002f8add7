//! Scenarios on a desktop that exists only in the test: what passes, what fails, what is blocked.

mod desktop;
mod doubts;
mod gestures;
mod given;
mod life;
mod model;
mod opened;
mod parts;
mod sight;
mod sights;
mod smoke;
mod touch;

use desktop::{Desktop, MemoryFolder, RuntimeClock, badge, frame};
use mosdat::{
    judge,
    model::{
        App, BuildName, ContentHash, Event, FileError, Files, MachineName, Motion, Outcome, Package,
    },
    port::{Idle, Watcher},
    run::script::{Exercise, Eyes, Provided, exercise},
    scenario::{Script, load},
};
use std::{
    collections::BTreeMap,
    future::pending,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// What came of a scenario.
struct Told {
    outcome: Outcome,
    events: Vec<Event>,
    files: BTreeMap<String, Vec<u8>>,
    /// How long it took, in the runtime's time.
    took: Duration,
}

/// Where a scenario is carried out: the desktop and whoever may stop it.
struct Scene {
    desktop: Desktop,
    app: App,
    package: Package,
    machine: MachineName,
    build: BuildName,
    eyes: Eyes,
    provided: Provided,
    cursor: Motion,
    limit: Duration,
    stop: CancellationToken,
    folder: Arc<MemoryFolder>,
}

impl Scene {
    fn new() -> Self {
        let app = App {
            name: "notes".into(),
            version: "1".into(),
            binary: "/usr/bin/notes".into(),
            args: vec!["--quiet".into()],
            process_name: "notes".into(),
            timeout: seconds(10.0),
        };
        let package = Package {
            format: "deb".into(),
            install: String::new(),
            uninstall: String::new(),
            app_path: None,
            process_name: None,
            file_glob: "*.deb".into(),
        };
        Self {
            desktop: Desktop::new(),
            app,
            package,
            machine: "desk".into(),
            build: "main".into(),
            eyes: Eyes::default(),
            provided: Provided::default(),
            cursor: Motion::default(),
            limit: seconds(600.0),
            stop: CancellationToken::new(),
            folder: Arc::default(),
        }
    }

    fn context(&self) -> Exercise<'_> {
        Exercise {
            guest: &self.desktop,
            app: &self.app,
            package: &self.package,
            artifact: Some(ContentHash::of(b"the package")),
            machine: &self.machine,
            build: &self.build,
            eyes: &self.eyes,
            provided: &self.provided,
            cursor: self.cursor,
            limit: self.limit,
        }
    }

    fn watcher(&self) -> (Watcher, mpsc::UnboundedReceiver<Event>) {
        let (events, heard) = mpsc::unbounded_channel();
        let watcher = Watcher {
            key: "desk/none/main.deb/s:exercise".into(),
            events,
            folder: self.folder.clone(),
            clock: Arc::new(RuntimeClock(Instant::now())),
            stop: self.stop.clone(),
            idle: Idle::default(),
            secrets: Arc::default(),
        };
        (watcher, heard)
    }

    /// Carries out a scenario while `world` happens.
    async fn play(&self, yaml: &str, world: impl Future<Output = ()>) -> Told {
        self.play_script(&script(yaml), world).await
    }

    async fn play_script(&self, script: &Script, world: impl Future<Output = ()>) -> Told {
        let context = self.context();
        let (watcher, heard) = self.watcher();
        self.watch(exercise(script, &context, &watcher), world, heard)
            .await
    }

    async fn watch(
        &self,
        tested: impl Future<Output = Outcome>,
        world: impl Future<Output = ()>,
        mut heard: mpsc::UnboundedReceiver<Event>,
    ) -> Told {
        let started = Instant::now();
        let world = async {
            world.await;
            pending::<()>().await;
        };
        let outcome = tokio::select! {
            outcome = timeout(seconds(100_000.0), tested) => outcome.expect("it never ended"),
            () = world => unreachable!("the world goes on"),
        };
        self.desktop.check();
        let mut events = Vec::new();
        while let Ok(event) = heard.try_recv() {
            events.push(event);
        }
        let files = self.folder.0.lock().unwrap().clone();
        let took = started.elapsed();
        Told {
            outcome,
            events,
            files,
            took,
        }
    }
}

/// Carries out a scenario on a desktop on which nothing happens by itself.
async fn play(desktop: &Desktop, yaml: &str) -> Told {
    let mut scene = Scene::new();
    scene.desktop = desktop.clone();
    scene.play(yaml, async {}).await
}

impl Told {
    #[track_caller]
    fn passed(&self) {
        assert_eq!(self.outcome, Outcome::passed());
    }

    /// It failed, and said why.
    #[track_caller]
    fn failed(&self, why: &str) {
        assert_eq!(
            self.outcome.verdict.as_str(),
            "failed",
            "{}",
            self.outcome.detail
        );
        assert!(self.outcome.detail.contains(why), "{}", self.outcome.detail);
    }

    /// Nothing was learned, and it said why.
    #[track_caller]
    fn blocked(&self, why: &str) {
        assert_eq!(
            self.outcome.verdict.as_str(),
            "blocked",
            "{}",
            self.outcome.detail
        );
        assert!(self.outcome.detail.contains(why), "{}", self.outcome.detail);
    }

    /// Returns what was told about each instruction.
    fn instructions(&self) -> Vec<String> {
        let told = self.events.iter().filter_map(|event| match event {
            Event::Instruction {
                number,
                label,
                verdict,
                rung,
                ..
            } => Some(
                format!("{number} {label}: {verdict} {rung}")
                    .trim_end()
                    .to_owned(),
            ),
            _ => None,
        });
        told.collect()
    }

    fn logs(&self) -> String {
        let told = self.events.iter().filter_map(|event| match event {
            Event::Log { text, .. } => Some(format!("{text}\n")),
            _ => None,
        });
        told.collect()
    }
}

fn seconds(time: f64) -> Duration {
    Duration::from_secs_f64(time)
}

async fn after(time: f64, change: impl FnOnce()) {
    sleep(seconds(time)).await;
    change();
}

/// Files of a scenario: the document, a badge, and a picture of one colour.
struct Folder(String);

impl Files for Folder {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        match path.to_str() {
            Some("s/s.yaml") => Ok(self.0.clone().into()),
            Some("s/badge.png") => Ok(judge::png(&badge())),
            Some("s/flat.png") => Ok(judge::png(&frame(4, 4, 1, [7, 7, 7, 255].repeat(16)))),
            _ => Err(FileError::Missing),
        }
    }

    fn list(&self, _: &Path) -> Vec<PathBuf> {
        Vec::new()
    }
}

fn script(yaml: &str) -> Script {
    let files = Folder(yaml.into());
    load(&"s".into(), Path::new("s"), &files).unwrap_or_else(|found| panic!("{found:#?}"))
}
