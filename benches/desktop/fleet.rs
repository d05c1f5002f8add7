//! Many desktops open at once in one process: what that process takes, and what they do.
//!
//! It is a process of its own, in which nothing else was measured before.

use crate::{
    machine::machine as bare,
    table::{NOT_MEASURED, Row, Target},
    usage::{self, Memory},
};
use mosdat::{
    driver::{
        atspi::AtspiDialer,
        local::{Limits, LocalConfig, LocalProvider},
        vnc::VncDialer,
    },
    model::{Layer, LeaseId, Machine, NodeQuery, ProviderKind, RunId, Session},
    port::{AccessibilityTree, Command, Guest, Process, Provider, Screen, Wanted},
};
use std::{collections::BTreeMap, process, sync::Arc, time::Duration};

/// What a desktop may take to show its app, on a busy computer.
const LIMIT: Duration = Duration::from_mins(1);

/// How many desktops are opened.
const DESKTOPS: usize = 20;

/// Measures it in another process and returns the rows.
pub(crate) fn rows() -> Vec<Row> {
    let program = std::env::current_exe().unwrap();
    let output = process::Command::new(program).arg("--fleet").output();
    let output = output.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [now, peak, desktops, nodes] = numbers[..] else {
        let said = String::from_utf8_lossy(&output.stderr);
        println!("the desktops could not be opened: {text}{said}");
        return vec![row(0.0, NOT_MEASURED, NOT_MEASURED)];
    };
    vec![
        row(nodes, now, desktops),
        Row {
            name: "the most it was, while they were opened and looked at".into(),
            unit: "MiB",
            mosdat: peak,
            peer: None,
            target: Target::Shown,
        },
    ]
}

fn row(nodes: f64, mosdat: f64, desktops: f64) -> Row {
    Row {
        name: format!(
            "memory with {DESKTOPS} desktops open, screen and tree of {nodes} nodes each"
        ),
        unit: "MiB",
        mosdat,
        peer: Some(("the desktops themselves", desktops)),
        target: Target::AtMost(150.0),
    }
}

/// Opens desktops, looks at each, and prints what that took: resident memory of this process, the
/// most it was, memory of everything that was started, and how many nodes each tree has.
pub(crate) fn run() {
    // As many threads as mosdat itself works with.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let work_dir = dir.path().join("work");
    let provider = LocalProvider::new(LocalConfig {
        work_dir: work_dir.clone(),
        layers_dir: dir.path().join("layers"),
        environment: BTreeMap::from([("PATH".into(), std::env::var("PATH").unwrap())]),
        screens: Arc::new(VncDialer::new(Arc::new(crate::NoClock))),
        trees: Arc::new(AtspiDialer),
        limits: Limits::default(),
    });
    runtime.block_on(async {
        let mut desktops = Vec::new();
        for number in 0..DESKTOPS {
            desktops.push(Desktop::open(&provider, number).await);
        }
        let mut nodes = 0;
        for desktop in &desktops {
            nodes = desktop.look().await;
        }
        let own = Memory::of(process::id());
        let others = Memory::of_all(&usage::started_under(&format!("{}/", work_dir.display())));
        let peak = usage::peak_mib();
        println!("{} {peak} {} {nodes}", own.resident, others.proportional);
        for desktop in desktops {
            desktop.guest.close().await.unwrap();
        }
    });
}

/// A desktop with an app on it, of which the screen and the tree are open.
struct Desktop {
    guest: Box<dyn Guest>,
    screen: Arc<dyn Screen>,
    tree: Arc<dyn AccessibilityTree>,
    _app: Box<dyn Process>,
}

impl Desktop {
    async fn open(provider: &LocalProvider, number: usize) -> Self {
        let lease = LeaseId::new(&RunId::new("fleet"), number);
        let guest = provider
            .open(&Wanted::plain(&machine(), &Layer::Base, &lease))
            .await;
        let guest = guest.unwrap();
        let screen = guest.screen().await.unwrap();
        let tree = guest.tree().await.unwrap();
        let command = Command {
            argv: vec!["mousepad".into()],
            ..Command::default()
        };
        let app = guest.start(&command).await.unwrap();
        let there = tokio::time::timeout(LIMIT, wait_for(&*tree));
        there.await.expect("mousepad shows its window");
        Self {
            guest,
            screen,
            tree,
            _app: app,
        }
    }

    /// Looks at it as a scenario does. Returns how many nodes its tree has.
    async fn look(&self) -> usize {
        assert!(self.screen.frame().await.unwrap().width > 0);
        let (found, whole) = self.tree.find(&editor()).await.unwrap();
        assert!(!found.is_empty(), "the window is gone");
        whole.nodes.len()
    }
}

async fn wait_for(tree: &dyn AccessibilityTree) {
    loop {
        let seen = tree.generation();
        if !tree.find(&editor()).await.unwrap().0.is_empty() {
            return;
        }
        tree.changed(seen).await.unwrap();
    }
}

fn editor() -> NodeQuery {
    NodeQuery {
        role: "text".into(),
        ..NodeQuery::default()
    }
}

fn machine() -> Machine {
    Machine {
        geometry: crate::SIZE,
        slots: DESKTOPS,
        ..bare(ProviderKind::Local, Session::X11)
    }
}
