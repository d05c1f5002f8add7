//! Where the time of a scenario's start goes: what the provider does at once, one after the other.

use crate::{
    bare_clone,
    lab::{LONG, Lab},
    loaded,
    table::{Row, Target, median},
    usage,
};
use mosdat::{
    driver::{
        disk::SystemClock,
        linux::{self, LinuxConfig, LinuxGuest},
        vnc::VncDialer,
    },
    model::{Keyboard, Layer, Point},
    port::{Clock as _, Input, Login, ScreenAddress, ScreenDialer as _, ShellDialer as _},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const ROUNDS: usize = 5;

/// What is done, in order.
const STAGES: [&str; 7] = [
    "QEMU has the session and runs",
    "the agent answers",
    "the clock is set",
    "SSH lets in",
    "its display answers",
    "the screen is open",
    "the pointer was seen to move",
];

/// Measures the stages of a start from `session`.
pub(crate) async fn rows(lab: &Lab, session: &Layer) -> Vec<Row> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(round(lab, session).await);
    }
    let row = |(at, name): (usize, &str)| {
        let of = |what: fn(&(f64, f64)) -> f64| {
            median(rounds.iter().map(|round| what(&round[at])).collect())
        };
        Row {
            name: loaded(&format!("a start, one by one: {name}")),
            unit: "s",
            mosdat: of(|(wall, _)| *wall),
            peer: Some(("processor time in QEMU", of(|(_, cpu)| *cpu))),
            target: Target::Shown,
        }
    };
    STAGES.into_iter().enumerate().map(row).collect()
}

/// Takes up a session once. Returns seconds, and processor time of QEMU, of each stage.
async fn round(lab: &Lab, session: &Layer) -> Vec<(f64, f64)> {
    let mut watch = Watch {
        since: Instant::now(),
        cpu: 0.0,
        laps: Vec::new(),
    };
    let vm = bare_clone::start(lab, session).await;
    let pid = vm.pid();
    watch.lap(pid);
    let agent = vm.agent().expect("the image has an agent");
    agent.ready(LONG).await.unwrap();
    watch.lap(pid);
    let now = Duration::from_millis(SystemClock.now().0);
    agent.set_time(now).await.unwrap();
    watch.lap(pid);
    let login = Login {
        address: vm.ssh(),
        user: lab.image.user.clone(),
        key: lab.image.key.clone(),
        host_key: lab.image.host_key.clone(),
        known_as: "bare".into(),
    };
    let shell = lab.shells().dial(&login).await.unwrap();
    watch.lap(pid);
    let config = LinuxConfig {
        machine: lab.machine.name.clone(),
        shell,
        session: lab.machine.session,
        user: lab.image.user.clone(),
        trees: Arc::new(mosdat::driver::atspi::AtspiDialer),
        limits: linux::Limits::default(),
    };
    let known =
        serde_json::from_value(bare_clone::description(lab, session)["session"]["known"].take());
    let guest = LinuxGuest::take_up(config, known.unwrap()).await.unwrap();
    watch.lap(pid);
    let dialer = VncDialer::new(Arc::new(SystemClock));
    let screen = dialer
        .dial(&ScreenAddress::Unix(vm.vnc()), Keyboard::default())
        .await
        .unwrap();
    watch.lap(pid);
    let place = Point { x: 500, y: 300 };
    let seen = screen.send(&[Input::Move(place)]).await.unwrap();
    screen.changed(seen).await.unwrap();
    watch.lap(pid);
    guest.close().await;
    vm.quit().await;
    watch.laps
}

/// Takes the time of stages.
struct Watch {
    since: Instant,
    cpu: f64,
    laps: Vec<(f64, f64)>,
}

impl Watch {
    fn lap(&mut self, pid: u32) {
        let cpu = usage::cpu_seconds(pid);
        let wall = self.since.elapsed().as_secs_f64();
        self.laps.push((wall, cpu - self.cpu));
        (self.since, self.cpu) = (Instant::now(), cpu);
    }
}
