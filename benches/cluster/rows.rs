//! The rows, and the server that they are measured against.

#[path = "../../tests/it/proxmox/direct.rs"]
mod direct;
#[expect(dead_code, reason = "tests do more with it")]
#[path = "../../tests/it/proxmox/fleet.rs"]
mod fleet;
#[path = "../../tests/it/proxmox/paper.rs"]
mod paper;
#[expect(dead_code, reason = "tests do more with it")]
#[path = "../../tests/it/proxmox/world.rs"]
mod world;

use crate::pve::{Cluster, Front, Paper, Pve};
use fleet::{Fleet, complaints, verdicts};
use mosdat::{
    driver::{
        disk::SystemClock,
        proxmox::{
            self,
            api::{ApiLimits, CallLog, Client, Endpoint, Https, Trust},
        },
    },
    model::Verdict,
    port::Keeper as _,
};
use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

/// How long each answer takes.
const LATENCY: Duration = Duration::from_millis(30);

/// How many machines the cluster has, and how many of them are tested on.
const MACHINES: u32 = 2000;
const TESTED: u32 = 500;

/// How many calls may be under way at once.
const CALLS: usize = 64;

/// Serves a cluster until standard input ends, and answers each line of it with what was asked so far.
pub(crate) fn serve() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut cluster = Cluster::of(&["pve1", "pve2", "pve3", "pve4"]);
        for vmid in 1000..1000 + MACHINES {
            let node = ["pve1", "pve2", "pve3", "pve4"][vmid as usize % 4];
            cluster.add(
                vmid,
                node,
                "local-lvm",
                Arc::new(Paper::slow(Duration::from_millis(100))),
            );
            cluster.add_snapshot(vmid, "clean", 1_795_000_000);
        }
        let pve = Pve::new(cluster);
        pve.faults.set_latency(LATENCY);
        let front = Front::listen(&pve).await;
        println!("{} {}", front.address.port(), front.fingerprint);
        let answering = Arc::clone(&pve);
        tokio::task::spawn_blocking(move || {
            for _line in io::stdin().lines() {
                println!(
                    "{} {}",
                    answering.asked("").len(),
                    answering.most_under_way()
                );
                io::stdout().flush().unwrap();
            }
        })
        .await
        .unwrap();
    });
}

/// The server, in a process of its own.
struct Server {
    child: Child,
    told: BufReader<std::process::ChildStdout>,
    endpoint: Endpoint,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        told.read_line(&mut line).unwrap();
        let (port, fingerprint) = line.trim().split_once(' ').unwrap();
        let endpoint = Endpoint {
            host: "127.0.0.1".into(),
            port: port.parse().unwrap(),
            trust: Trust::Fingerprint(fingerprint.into()),
            connect: Duration::from_secs(10),
        };
        Self {
            child,
            told,
            endpoint,
        }
    }

    fn client(&self) -> Arc<Client> {
        let limits = ApiLimits {
            in_flight: CALLS,
            ..ApiLimits::default()
        };
        let https = Arc::new(Https::new(&self.endpoint).unwrap());
        Arc::new(Client::new(
            https,
            world::token(),
            limits,
            CallLog::default(),
            Arc::new(SystemClock),
        ))
    }

    /// Returns how many calls there were, and how many at once at most.
    fn asked(&mut self) -> (usize, usize) {
        writeln!(self.child.stdin.as_ref().unwrap()).unwrap();
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        let (count, most) = line.trim().split_once(' ').unwrap();
        (count.parse().unwrap(), most.parse().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

fn row(what: &str, mosdat: &str, reach: &str, is_met: Option<bool>) {
    let verdict = match is_met {
        Some(true) => "ok",
        Some(false) => "MISS",
        None => "shown",
    };
    println!("{what} | {mosdat} | - | - | {reach} | {verdict}");
}

pub(crate) fn measure() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let mut server = Server::start();
    runtime.block_on(observe_all(&mut server));
    runtime.block_on(observe_each(&mut server));
    runtime.block_on(apply(&mut server));
}

/// Where every machine of the cluster is and what it does.
async fn observe_all(server: &mut Server) {
    let client = server.client();
    let before = server.asked().0;
    let mut took = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let census = proxmox::census(&client).await.unwrap();
        assert_eq!(census.vms.len(), MACHINES as usize);
        took.push(began.elapsed());
    }
    took.sort();
    let (calls, took) = ((server.asked().0 - before) / 5, took[2].as_secs_f64());
    row(
        "observe 2,000 machines of a cluster, 30 ms away",
        &format!("{calls} calls, {took:.3} s"),
        "<= 5 calls, <= 0.5 s",
        Some(calls <= 5 && took <= 0.5),
    );
}

/// The same, and the snapshots and storage of each that is tested on: what a plan is made from.
async fn observe_each(server: &mut Server) {
    let fleet = fleet(server);
    let provider = fleet.provider();
    let before = server.asked().0;
    let began = Instant::now();
    let looks = fleet
        .desired
        .machines
        .values()
        .map(|machine| provider.observe(machine));
    let seen = futures_util::future::join_all(looks).await;
    let took = began.elapsed().as_secs_f64();
    assert_eq!(seen.len(), TESTED as usize);
    let calls = server.asked().0 - before;
    row(
        "the snapshots and storage of 500 of them",
        &format!("{calls} calls, {took:.3} s"),
        "-",
        None,
    );
}

fn fleet(server: &Server) -> Fleet {
    let vmids: Vec<u32> = (1000..1000 + TESTED).collect();
    let nobody = Pve::new(Cluster::of(&["pve1"]));
    let mut fleet = Fleet::new(&nobody, &vmids, &["a"]).with_client(server.client());
    fleet.pace = Duration::ZERO;
    fleet.parallel = TESTED as usize;
    fleet
}

/// A whole run: 500 machines are returned to their base, installed on, kept, and tested.
async fn apply(server: &mut Server) {
    let mut fleet = fleet(server);
    let before = server.asked().0;
    let (cpu_before, began) = (cpu(), Instant::now());
    let (applied, events) = fleet.apply().await;
    let (cpu, took) = (
        cpu().saturating_sub(cpu_before),
        began.elapsed().as_secs_f64(),
    );
    let passed = applied.summary.verdicts.get(&Verdict::Passed).copied();
    assert_eq!(
        passed,
        Some(TESTED as usize),
        "{:?} {:?}",
        verdicts(&applied),
        complaints(&events)
    );
    let steps = fleet.recorded.steps.len();
    let (asked, most) = server.asked();
    let calls = (asked - before) as f64 / steps as f64;
    let each = cpu.as_secs_f64() * 1000.0 / steps as f64;
    row(
        &format!("apply on 500 machines, {steps} steps in {took:.0} s: CPU"),
        &format!("{each:.2} ms a step, {calls:.1} calls a step"),
        "<= 2 ms a step",
        Some(each <= 2.0),
    );
    row(
        "the same: calls under way at once",
        &most.to_string(),
        &format!("<= {CALLS}, as configured"),
        Some(most <= CALLS),
    );
    let peak = peak_mib();
    row(
        "the same: peak memory",
        &format!("{peak:.0} MiB RSS"),
        "<= 200 MiB",
        Some(peak <= 200.0),
    );
}

/// CPU time of this process so far.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The most memory that this process ever had.
fn peak_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.unwrap().trim().trim_end_matches(" kB");
    kibibytes.parse::<f64>().unwrap() / 1024.0
}
