//! Machines that are cloned from a template for each step.

use super::{
    fleet::{Fleet, complaints, verdicts},
    runs::passed,
};
use crate::pve::{Cluster, Paper, Pve};
use mosdat::{
    driver::proxmox::api::Credentials,
    model::{Gpu, LayerName, Secret, Verdict},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// A server with the template 900 on a storage, and a machine of somebody else's.
pub(super) fn server(storage: &'static str, pace: Duration) -> Arc<Pve> {
    let body = Arc::new(Paper::slow(pace));
    with_template(Cluster::of(&["pve1", "pve2"]), storage, body)
}

pub(super) fn with_template(
    mut cluster: Cluster,
    storage: &'static str,
    body: Arc<Paper>,
) -> Arc<Pve> {
    cluster.add(100, "pve1", "local-lvm", Arc::new(Paper::default()));
    cluster.add(900, "pve1", storage, body);
    cluster.make_template(900);
    Pve::new(cluster)
}

pub(super) fn fleet(pve: &Arc<Pve>, scenarios: &[&str], slots: usize) -> Fleet {
    Fleet::new(pve, &[900], scenarios).cloned(&[900], slots)
}

/// What was there before is there, and of what was made only layers.
pub(super) fn assert_no_clones(pve: &Pve, layers: usize) {
    let cluster = pve.cluster();
    for (vmid, vm) in &cluster.vms {
        assert!(!vm.is_running, "{vmid} runs");
        assert_eq!(vm.lock(), None, "{vmid}");
        let description = vm.config.get("description").map_or("", String::as_str);
        assert!(
            !description.contains("mosdat-lease"),
            "{vmid}: {description}"
        );
        let devices = vm.config.keys().any(|key| key.starts_with("hostpci"));
        assert!(!devices, "{vmid} has a device");
    }
    assert!(cluster.vms.contains_key(&100) && cluster.vms.contains_key(&900));
    let made: Vec<_> = cluster
        .vms
        .values()
        .filter(|vm| vm.config.get("tags").is_some_and(|tags| tags == "mosdat"))
        .map(|vm| (&vm.config["name"], vm.is_template()))
        .collect();
    for (name, is_template) in &made {
        assert!(*is_template && LayerName::parse(name).is_some(), "{name}");
    }
    assert_eq!((made.len(), cluster.vms.len()), (layers, 2 + layers));
}

/// Returns how many clones there ever were.
pub(super) fn clones(pve: &Pve) -> usize {
    let cluster = pve.cluster();
    let tasks = cluster.tasks.values();
    tasks.filter(|task| task.kind == "qmclone").count()
}

#[tokio::test(start_paused = true)]
async fn each_step_has_a_clone_of_its_own_and_starts_from_the_layer() {
    let pve = server("local-lvm", Duration::from_secs(5));
    let mut fleet = fleet(&pve, &["a", "b", "c"], 2);
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(3), "{:?}", complaints(&events));
    assert_no_clones(&pve, 1);
    // One to try the template, one to install, one for each scenario.
    assert_eq!((clones(&pve), pve.tasks_of("qmclone", 900)), (5, 2));
    assert_eq!(pve.asked("full=0").len(), 5, "all of them linked");
    let (applied, _) = fleet.apply().await;
    assert_eq!((verdicts(&applied), applied.summary.cached), (passed(3), 3));
    assert_eq!(clones(&pve), 5, "nothing was due");
}

#[tokio::test(start_paused = true)]
async fn no_more_clones_than_there_is_room_for() {
    let pve = server("local-lvm", Duration::from_secs(5));
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let mut fleet = fleet(&pve, &names, 3);
    fleet.pace = Duration::from_mins(2);
    let clones = || {
        let cluster = pve.cluster();
        let vms = cluster.vms.values();
        vms.filter(|vm| !vm.is_template()).count() - 1
    };
    let mut ended = pve.task_ends();
    let mut most = 0;
    let counting = async {
        while ended.changed().await.is_ok() {
            most = most.max(clones());
        }
        unreachable!("the server is there to the end")
    };
    let (applied, events) = tokio::select! {
        applied = fleet.apply() => applied,
        nothing = counting => nothing,
    };
    assert_eq!(verdicts(&applied), passed(8), "{:?}", complaints(&events));
    assert_eq!(most, 3);
    assert_no_clones(&pve, 1);
}

#[tokio::test(start_paused = true)]
async fn clones_are_known_by_the_host_key_that_they_have() {
    let body = Arc::new(Paper::default());
    let key = "ssh-ed25519 AAAAmadeup root@template\n";
    body.guest
        .put("/etc/ssh/ssh_host_ed25519_key.pub", key.into());
    let pve = with_template(Cluster::of(&["pve1"]), "local-lvm", body);
    let mut with_key = fleet(&pve, &["a"], 1);
    with_key.apply().await;
    let logins = with_key.logins.lock().unwrap().clone();
    assert!(!logins.is_empty());
    for login in logins {
        assert_eq!(login.host_key.as_deref(), Some(key));
        assert_eq!(login.known_as, "vm900-900");
    }
    // Where nobody tells it, the first one that is shown is remembered for all of them.
    let pve = server("local-lvm", Duration::ZERO);
    let mut without = fleet(&pve, &["a"], 1);
    without.apply().await;
    let logins = without.logins.lock().unwrap();
    assert!(!logins.is_empty() && logins.iter().all(|it| it.host_key.is_none()));
}

#[tokio::test(start_paused = true)]
async fn a_template_whose_disks_nothing_can_stand_on_is_copied_and_nothing_kept() {
    let pve = server("thick", Duration::ZERO);
    let mut fleet = fleet(&pve, &["a", "b"], 1);
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(2), "{:?}", complaints(&events));
    assert_eq!(pve.asked("full=0").len(), 0);
    assert!(pve.asked("full=1").len() >= 2);
    assert_no_clones(&pve, 0);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_is_no_template_is_not_cloned() {
    let pve = server("local-lvm", Duration::ZERO);
    let mut fleet = Fleet::new(&pve, &[100], &["a"]).cloned(&[100], 1);
    let (_, events) = fleet.apply().await;
    let said = format!("{events:?}");
    assert!(said.contains("qm template 100"), "{said}");
    assert_eq!(clones(&pve), 0);
}

#[tokio::test(start_paused = true)]
async fn a_template_that_changed_makes_everything_on_it_due() {
    let pve = server("local-lvm", Duration::ZERO);
    let mut fleet = fleet(&pve, &["a"], 1);
    fleet.apply().await;
    let set = |key: &str, value: &str| {
        let mut cluster = pve.cluster();
        let config = &mut cluster.vms.get_mut(&900).unwrap().config;
        config.insert(key.into(), value.into());
    };
    set("description", "for tests");
    assert_eq!(fleet.apply().await.0.summary.cached, 1, "it is the same");
    set("memory", "4096");
    assert_eq!(fleet.apply().await.0.summary.cached, 0);
    assert_no_clones(&pve, 2);
}

#[tokio::test(start_paused = true)]
async fn a_clone_that_fails_is_told_with_its_log() {
    let body = Arc::new(Paper::default());
    let pve = with_template(Cluster::of(&["pve1"]), "local-lvm", Arc::clone(&body));
    let mut fleet = fleet(&pve, &["a"], 1);
    body.is_uncopied.store(true, Ordering::SeqCst);
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), BTreeMap::from([(Verdict::Blocked, 1)]));
    let said = format!("{events:?}");
    assert!(said.contains("no space left on the thin pool"), "{said}");
    assert_no_clones(&pve, 0);
    let (applied, _) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(1));
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_is_gone_is_made_anew() {
    let pve = server("local-lvm", Duration::ZERO);
    let mut fleet = fleet(&pve, &["a"], 1);
    fleet.apply().await;
    let vmid = *pve
        .cluster()
        .vms
        .keys()
        .find(|id| ![100, 900].contains(*id))
        .unwrap();
    pve.cluster().vms.remove(&vmid);
    fleet.desired.cells[0].gpu = "none".into();
    let (applied, _) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(1));
    let mut more = Fleet::new(&pve, &[900], &["a", "b"]).cloned(&[900], 1);
    let (applied, events) = more.apply().await;
    assert_eq!(verdicts(&applied), passed(2), "{:?}", complaints(&events));
}

#[tokio::test(start_paused = true)]
async fn clones_have_the_card_one_after_another() {
    let pve = server("local-lvm", Duration::from_secs(2));
    {
        let mut cluster = pve.cluster();
        let device = ("0000:01:00.0".to_owned(), "10de:2684".to_owned(), 12);
        cluster.nodes.get_mut("pve1").unwrap().devices.push(device);
        let mapped = ("pve1".into(), "0000:01:00.0".into(), "10de:2684".into());
        cluster.mappings.insert("card".into(), vec![mapped]);
    }
    let card = Gpu {
        name: "card".into(),
        pci: None,
        mapping: Some("card".into()),
        is_primary: false,
        take_over: false,
    };
    let mut fleet = fleet(&pve, &["a", "b"], 3).with_gpu(card);
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(4), "{:?}", complaints(&events));
    assert!(pve.asked("hostpci0=mapping%3Dcard").len() >= 2);
    // One layer with the package as it was installed with the card, and one without.
    assert_no_clones(&pve, 2);
}

/// A fleet whose role may make clones in a pool, and no other.
pub(super) fn in_pool(pve: &Arc<Pve>, scenarios: &[&str], slots: usize) -> Fleet {
    let secret = "mosdat-secret";
    {
        let mut cluster = pve.cluster();
        let access = &mut cluster.access;
        access.add_token("mosdat@pve!ci", secret);
        let mut grant = |path: &str, privileges: &[&str]| {
            access.grant("mosdat@pve!ci", path, privileges);
        };
        grant("/vms/900", &["VM.Audit", "VM.Clone"]);
        grant(
            "/storage/local-lvm",
            &["Datastore.Audit", "Datastore.AllocateSpace"],
        );
        let on_clones = [
            "VM.Allocate",
            "VM.Audit",
            "VM.Clone",
            "VM.PowerMgmt",
            "VM.Config.Options",
            "VM.GuestAgent.Audit",
            "VM.GuestAgent.FileRead",
        ];
        grant("/pool/mosdat", &on_clones);
    }
    let token = Credentials::Token {
        id: "mosdat@pve!ci".into(),
        secret: Secret::new(secret),
    };
    let client = Arc::new(super::direct::client(pve, token));
    let mut fleet = fleet(pve, scenarios, slots).with_client(client);
    fleet.pool = Some("mosdat".into());
    fleet
}

#[tokio::test(start_paused = true)]
async fn a_role_on_a_pool_is_enough() {
    let pve = server("local-lvm", Duration::ZERO);
    let mut fleet = in_pool(&pve, &["a", "b"], 2);
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), passed(2), "{:?}", complaints(&events));
    assert_no_clones(&pve, 1);
    // Without the pool it may not make any.
    fleet.pool = None;
    fleet.recorded = mosdat::model::Recorded::default();
    let (applied, events) = fleet.apply().await;
    assert_eq!(verdicts(&applied), BTreeMap::from([(Verdict::Blocked, 1)]));
    let said = format!("{events:?}");
    assert!(said.contains("no permissions"), "{said}");
    assert_no_clones(&pve, 1);
}
