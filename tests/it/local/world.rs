//! A provider with folders of its own, and ways to see what it leaves behind.

use crate::machine::machine as bare;
use async_trait::async_trait;
use mosdat::{
    driver::local::{Limits, LocalConfig, LocalProvider},
    model::{
        Keyboard, Layer, Lease, LeaseId, Machine, ProviderKind, RunId, Session, StepKey, Timestamp,
    },
    port::{
        AccessibilityTree, BusAddress, Command, Console, Guest, Output, Provider, ProviderError,
        Screen, ScreenAddress, ScreenDialer, ScreenError, TreeDialer, TreeError, Wanted, Window,
        WindowOrigin,
    },
};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;

/// Long enough for anything on a busy computer.
pub(super) const LONG: Duration = Duration::from_secs(20);

/// A provider, and the folders that only it uses.
pub(super) struct World {
    pub(super) dir: TempDir,
    pub(super) provider: LocalProvider,
    pub(super) dialled: Arc<Dialled>,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut LocalConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let dialled = Arc::new(Dialled::default());
        let mut config = LocalConfig {
            work_dir: dir.path().join("work"),
            layers_dir: dir.path().join("layers"),
            environment: BTreeMap::from([("PATH".into(), path_var())]),
            screens: Arc::clone(&dialled) as _,
            trees: Arc::clone(&dialled) as _,
            limits: Limits::default(),
        };
        change(&mut config);
        let provider = LocalProvider::new(config);
        Self {
            dir,
            provider,
            dialled,
        }
    }

    pub(super) async fn open(&self, session: Session) -> Box<dyn Guest> {
        self.try_open(session).await.unwrap()
    }

    pub(super) async fn try_open(&self, session: Session) -> Result<Box<dyn Guest>, ProviderError> {
        let machine = machine(session);
        self.provider
            .open(&Wanted::plain(&machine, &Layer::Base, &lease(1)))
            .await
    }

    pub(super) async fn open_from(&self, layer: &Layer, number: usize) -> Box<dyn Guest> {
        let machine = machine(Session::None);
        let opened = self
            .provider
            .open(&Wanted::plain(&machine, layer, &lease(number)))
            .await;
        opened.unwrap()
    }

    /// The processes that were started for this world and still run.
    pub(super) fn processes(&self) -> Vec<(u32, String)> {
        let needle = format!("MOSDAT_LEASE={}", self.dir.path().display());
        let pids = fs::read_dir("/proc").unwrap().flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let is_marked = |pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let mut variables = environment.split(|byte| *byte == 0);
            variables.any(|variable| variable.starts_with(needle.as_bytes()))
        };
        pids.filter(is_marked)
            .filter_map(|pid| Some((pid, fs::read_to_string(format!("/proc/{pid}/comm")).ok()?)))
            .map(|(pid, name)| (pid, name.trim().to_owned()))
            .collect()
    }

    /// The process of this name.
    pub(super) fn process(&self, name: &str) -> u32 {
        let all = self.processes();
        let found = all.iter().find(|(_, comm)| name.starts_with(comm.as_str()));
        found.unwrap_or_else(|| panic!("no {name} in {all:?}")).0
    }

    /// Fails unless nothing is left of what was opened.
    pub(super) fn assert_nothing_left(&self) {
        assert_eq!(self.processes(), [], "processes are left");
        self.assert_no_folder_left();
    }

    pub(super) fn assert_no_folder_left(&self) {
        let near = self.dir.path().join("work");
        let left = fs::read_dir(near).map(|entries| entries.flatten().count());
        assert_eq!(left.unwrap_or(0), 0, "a folder is left");
    }

    /// Waits until nothing runs any more.
    pub(super) async fn all_ended(&self) {
        while !self.processes().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Puts a script in place of a program.
    pub(super) fn fake(name: &str, script: &str) -> (TempDir, String) {
        let bin = tempfile::tempdir().unwrap();
        fs::set_permissions(bin.path(), fs::Permissions::from_mode(0o755)).unwrap();
        write_script(&bin.path().join(name), script);
        let path_var = format!("{}:{}", bin.path().display(), path_var());
        (bin, path_var)
    }
}

pub(super) fn write_script(path: &Path, script: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn path_var() -> String {
    std::env::var("PATH").unwrap()
}

pub(super) fn machine(session: Session) -> Machine {
    Machine {
        slots: 2,
        ..bare(ProviderKind::Local, session)
    }
}

pub(super) fn lease(number: usize) -> LeaseId {
    LeaseId::new(&RunId::new("run"), number)
}

pub(super) fn whole_lease(number: usize) -> Lease {
    Lease {
        id: lease(number),
        machine: "here".into(),
        step: StepKey::restore(&"here".into()),
        since: Timestamp(0),
    }
}

pub(super) async fn shell(guest: &dyn Guest, text: &str) -> Output {
    guest.run(&Command::shell(text), LONG).await.unwrap()
}

/// A program that shows a window with this title.
pub(super) fn window_program(title: &str) -> Command {
    gtk_program(&format!(
        "window = Gtk.Window(title='{title}'); window.set_default_size(200, 100)"
    ))
}

/// A program that shows `window`, which `script` makes.
pub(super) fn gtk_program(script: &str) -> Command {
    let script = format!(
        "import gi; gi.require_version('Gtk', '3.0')\n\
         from gi.repository import Gtk\n\
         {script}\n\
         window.show_all(); Gtk.main()"
    );
    Command {
        argv: ["/usr/bin/python3", "-c", &script]
            .map(str::to_owned)
            .into(),
        env: BTreeMap::new(),
    }
}

/// Waits until a window with this title shows.
pub(super) async fn window(guest: &dyn Guest, title: &str) -> Window {
    loop {
        let windows = guest.windows().await.unwrap();
        if let Some(found) = windows.into_iter().find(|window| window.title == title) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Remembers what was dialled, and connects to nothing.
#[derive(Debug, Default)]
pub(super) struct Dialled {
    pub(super) screens: Mutex<Vec<PathBuf>>,
    pub(super) buses: Mutex<Vec<BusAddress>>,
}

#[async_trait]
impl ScreenDialer for Dialled {
    async fn dial(
        &self,
        address: &ScreenAddress,
        _: Keyboard,
    ) -> Result<Arc<dyn Screen>, ScreenError> {
        let ScreenAddress::Unix(path) = address else {
            panic!("a screen on the network: {address:?}");
        };
        self.screens.lock().unwrap().push(path.clone());
        Err(ScreenError::Closed)
    }

    async fn dial_console(&self, _: Arc<dyn Console>) -> Result<Arc<dyn Screen>, ScreenError> {
        Err(ScreenError::Closed)
    }
}

#[async_trait]
impl TreeDialer for Dialled {
    async fn dial(&self, address: &BusAddress) -> Result<Arc<dyn AccessibilityTree>, TreeError> {
        self.buses.lock().unwrap().push(address.clone());
        Err(TreeError::NoBus("a stub".into()))
    }

    async fn dial_among(
        &self,
        address: &BusAddress,
        _: Arc<dyn WindowOrigin>,
    ) -> Result<Arc<dyn AccessibilityTree>, TreeError> {
        TreeDialer::dial(self, address).await
    }
}
