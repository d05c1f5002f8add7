//! `doctor` and `list-vms --live`: what is said of a cluster and its machines, and that nothing changes.

use super::world::cluster;
use crate::{
    project::Project,
    pve::{Front, Pve},
};
use std::sync::Arc;

struct World {
    pve: Arc<Pve>,
    project: Project,
    front: Front,
}

/// What the least role has on a machine, and nothing that it need not have.
const ROLE: &[&str] = &[
    "VM.Audit",
    "VM.PowerMgmt",
    "VM.Snapshot",
    "VM.Config.Options",
    "VM.Console",
    "VM.GuestAgent.Audit",
];

async fn world(privileges: &[&str], gpu: &str) -> World {
    let mut cluster = cluster();
    cluster.add_snapshot(100, "clean", 1);
    cluster.access.add_token("ci@pve!ci", "s");
    cluster.access.grant("ci@pve!ci", "/vms", privileges);
    cluster
        .access
        .grant("ci@pve!ci", "/storage", &["Datastore.Audit"]);
    let pve = Pve::new(cluster);
    let front = Front::listen(&pve).await;
    let plan = format!(
        "[matrix]\nname = \"fleet\"\ngpu = [{}]\n[app]\nname = \"a\"\nversion = \"1\"\nbinary = \"/a\"\n\
         [proxmox]\nhost = \"127.0.0.1\"\nport = {}\nfingerprint = \"{}\"\n\
         token_id = \"ci@pve!ci\"\ntoken_secret = \"s\"\n{gpu}\n\
         [[vm]]\nname = \"one\"\nprovider = \"proxmox\"\nnode = \"pve1\"\nvmid = 100\nip = \"127.0.0.1\"\n\
         ssh_port = 9\nsession = \"none\"\n\
         [[vm.package]]\nformat = \"deb\"\n[[build]]\nname = \"main\"\nsource = {{ path = \"app\" }}\n",
        if gpu.is_empty() {
            "\"none\""
        } else {
            "\"none\", \"card\""
        },
        front.address.port(),
        front.fingerprint,
    );
    let project = Project::in_folder(tempfile::tempdir().unwrap());
    project.write("plan.toml", &plan);
    World {
        pve,
        project,
        front,
    }
}

impl World {
    async fn mosdat(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_mosdat"));
        command.args(arguments).current_dir(self.project.path());
        command.env("HOME", self.project.path());
        let output = command.output().await.unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        (output.status.code().unwrap_or(-1), text)
    }

    fn changes(&self) -> Vec<String> {
        let verbs = ["POST", "PUT", "DELETE"];
        let asked = verbs.iter().flat_map(|verb| self.pve.asked(verb));
        asked.filter(|line| !line.contains("agent/ping")).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_can_be_tested_on_is_well() {
    let world = world(ROLE, "").await;
    let (code, text) = world.mosdat(&["doctor", "plan.toml"]).await;
    assert_eq!(code, 0, "{text}");
    for part in [
        "is Proxmox VE 9.2",
        "ci@pve!ci",
        "100 (`vm100`) on pve1, stopped",
        "all that are needed",
        "`clean`",
        "keeps layers",
        "100 GiB on `local-lvm`",
        "not running",
        "0 bad",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(world.changes(), Vec::<String>::new());
    let (code, text) = world.mosdat(&["doctor", "--json", "plan.toml"]).await;
    assert_eq!(code, 0, "{text}");
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["subjects"][1]["name"], "one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_trusted_whose_certificate_lies_at_home() {
    let world = world(ROLE, "").await;
    world.project.write("ca.pem", &world.front.pem);
    let plan = std::fs::read_to_string(world.project.path().join("plan.toml")).unwrap();
    let pinned = format!("fingerprint = \"{}\"", world.front.fingerprint);
    let plan = plan.replace(&pinned, "ca_file = \"~/ca.pem\"");
    world.project.write("plans/plan.toml", &plan);
    let (code, text) = world.mosdat(&["doctor", "plans/plan.toml"]).await;
    assert_eq!(code, 0, "{text}");
    std::fs::remove_file(world.project.path().join("ca.pem")).unwrap();
    let (code, text) = world.mosdat(&["doctor", "plans/plan.toml"]).await;
    assert_eq!(code, 1, "{text}");
    let place = world.project.path().join("ca.pem").display().to_string();
    assert!(text.contains(&place), "{text}");
}

#[test]
fn the_role_that_is_written_down_is_the_one_that_is_needed() {
    let page = std::fs::read_to_string("docs/proxmox.md").unwrap();
    let line = page
        .lines()
        .find(|line| line.starts_with("pveum role add"))
        .unwrap();
    let told: std::collections::BTreeSet<&str> =
        line.split('"').nth(1).unwrap().split(' ').collect();
    let gpu = [
        "VM.Config.HWType",
        "VM.GuestAgent.Unrestricted",
        "Datastore.Audit",
    ];
    let needed = ROLE.iter().chain(&gpu).copied().collect();
    assert_eq!(told, needed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_role_lacks_is_named_with_its_path() {
    let gpu = "[[gpu]]\nname = \"card\"\nmapping = \"rtx\"";
    for missing in ROLE {
        let rest: Vec<&str> = ROLE.iter().filter(|it| *it != missing).copied().collect();
        let world = world(&rest, gpu).await;
        let (code, text) = world.mosdat(&["doctor", "plan.toml"]).await;
        assert_eq!(code, 1, "{text}");
        let named = format!("`{missing}` on `/vms/100`");
        assert!(text.contains(&named), "{named}: {text}");
        if *missing != "VM.Audit" {
            assert!(
                text.contains("`Mapping.Use` on `/mapping/pci/rtx`"),
                "{text}"
            );
            assert!(text.contains("`VM.Config.HWType` on `/vms/100`"), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gpu_is_looked_at_where_it_is() {
    let mapped = "[[gpu]]\nname = \"card\"\nmapping = \"rtx\"";
    let raw = "[[gpu]]\nname = \"card\"\npci = \"0000:01:00\"";
    let with_gpu = [ROLE, &["VM.Config.HWType", "VM.GuestAgent.Unrestricted"]].concat();
    let look = async |gpu: &str, others: &[(&str, i32)], sees: bool| {
        let world = world(&with_gpu, gpu).await;
        {
            let mut cluster = world.pve.cluster();
            let access = &mut cluster.access;
            access.grant("ci@pve!ci", "/mapping/pci/rtx", &["Mapping.Use"]);
            if sees {
                access.grant("ci@pve!ci", "/", &["Sys.Audit"]);
            }
            let id = "10de:2684".to_owned();
            let address = "0000:01:00.0".to_owned();
            let mapped = ("pve1".to_owned(), address, id.clone());
            cluster.mappings.insert("rtx".into(), vec![mapped]);
            let devices = &mut cluster.nodes.get_mut("pve1").unwrap().devices;
            let others = others.iter();
            devices.extend(others.map(|(at, group)| ((*at).to_owned(), id.clone(), *group)));
        }
        world.mosdat(&["doctor", "plan.toml"]).await
    };
    let functions = [("0000:01:00.0", 12), ("0000:01:00.1", 12)];
    let (code, text) = look(mapped, &functions, true).await;
    assert!(code == 0 && text.contains("10de:2684 on pve1\n"), "{text}");
    let (code, text) = look(mapped, &functions, false).await;
    assert!(code == 0 && text.contains("`Sys.Audit` on `/`"), "{text}");
    let shared = [("0000:01:00.0", 12), ("0000:02:00.0", 12)];
    for gpu in [mapped, raw] {
        let (_, text) = look(gpu, &shared, true).await;
        let words = "shares its IOMMU group with 0000:02:00.0";
        assert!(text.contains(words), "{text}");
        let (code, text) = look(gpu, &[("0000:01:00.0", -1)], true).await;
        assert!(code == 1 && text.contains("is in no IOMMU group"), "{text}");
        let (code, text) = look(gpu, &[("0000:05:00.0", 1)], true).await;
        assert!(code == 1 && text.contains("there is no device"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_is_looked_at_as_one() {
    let world = world(&["VM.Audit"], "").await;
    let set = |from: &str, to: &str| {
        let plan = std::fs::read_to_string(world.project.path().join("plan.toml")).unwrap();
        world.project.write("plan.toml", &plan.replace(from, to));
    };
    set("vmid = 100", "template = 100\nslots = 1");
    set("token_id", "pool = \"mosdat\"\ntoken_id");
    let (code, text) = world.mosdat(&["doctor", "plan.toml"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("is no template; `qm template 100`"), "{text}");
    world.pve.cluster().make_template(100);
    let (code, text) = world.mosdat(&["doctor", "plan.toml"]).await;
    assert_eq!(code, 1, "{text}");
    for part in [
        "`VM.Clone` on `/vms/100`",
        "`VM.Allocate` on `/pool/mosdat`",
        "`VM.PowerMgmt` on `/pool/mosdat`",
        "`Datastore.AllocateSpace` on `/storage/local-lvm`",
        "clones stand on the template's disks",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("base snapshot"), "{text}");
    {
        let mut cluster = world.pve.cluster();
        let access = &mut cluster.access;
        access.grant("ci@pve!ci", "/vms/100", &["VM.Audit", "VM.Clone"]);
        let storage = ["Datastore.Audit", "Datastore.AllocateSpace"];
        access.grant("ci@pve!ci", "/storage", &storage);
        let clones = [ROLE, &["VM.Allocate", "VM.Clone"]].concat();
        access.grant("ci@pve!ci", "/pool/mosdat", &clones);
    }
    let (code, text) = world.mosdat(&["doctor", "plan.toml"]).await;
    assert_eq!(code, 0, "{text}");
    let (_, text) = world.mosdat(&["list-vms", "--live", "plan.toml"]).await;
    assert!(text.contains("cloned from 100 on pve1"), "{text}");
    assert_eq!(world.changes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_machine_is_said() {
    let world = world(ROLE, "").await;
    {
        let mut cluster = world.pve.cluster();
        let vm = cluster.vms.get_mut(&100).unwrap();
        vm.snapshots.clear();
        vm.config.insert("lock".into(), "backup".into());
        vm.config.insert("agent".into(), "0".into());
        vm.config
            .insert("scsi0".into(), "tank:vm-100-disk-0".into());
        for node in cluster.nodes.values_mut() {
            node.ahead = 600;
        }
    }
    let (code, text) = world.mosdat(&["doctor", "plan.toml"]).await;
    assert_eq!(code, 1, "{text}");
    for part in [
        "locked by `backup`",
        "there is none called `clean`",
        "`qm set 100 --agent 1`",
        "keeps no layers",
        "s from this computer's; leases",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_runs_is_asked_more() {
    let world = world(ROLE, "").await;
    world.pve.start("pve1", 100).await.unwrap();
    let (code, text) = world
        .mosdat(&["doctor", "--machine", "one", "plan.toml"])
        .await;
    assert_eq!(code, 1, "nobody may log in: {text}");
    assert!(text.contains("guest agent    answers"), "{text}");
    assert!(text.contains("BAD login"), "{text}");
    assert!(world.pve.cluster().vms[&100].is_running);
    let (code, text) = world
        .mosdat(&["doctor", "--machine", "two", "plan.toml"])
        .await;
    assert!(code == 1 && text.contains("only one"), "{text}");
    let (code, text) = world.mosdat(&["list-vms", "--live", "plan.toml"]).await;
    assert!(code == 0 && text.contains("100 on pve1, running"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_crash_left_is_given_back_when_everything_is_released() {
    let world = world(&[ROLE, &["VM.Config.HWType"]].concat(), "").await;
    // A run that died had shut this one down for its GPU.
    let note = "{\"vmid\":101,\"lease\":\"displaced-by-card\",\"marker\":\"x\"}";
    world
        .project
        .write("state/fleet/proxmox/displaced-101.json", note);
    let words = "has not given back machine 101, which was shut down because of its GPU";
    let (_, text) = world.mosdat(&["plan", "plan.toml"]).await;
    assert!(text.contains(words), "{text}");
    let (code, text) = world.mosdat(&["destroy", "--yes", "plan.toml"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(world.pve.cluster().vms[&101].is_running);
    let (code, text) = world.mosdat(&["destroy", "--yes", "plan.toml"]).await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(world.pve.tasks_of("qmstart", 101), 1, "once");
    let (_, text) = world.mosdat(&["plan", "plan.toml"]).await;
    assert!(!text.contains(words), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_missing_is_told_and_takes_nothing_else_along() {
    let world = world(ROLE, "").await;
    let plan = std::fs::read_to_string(world.project.path().join("plan.toml")).unwrap();
    let plan = plan.replace(
        "token_secret = \"s\"",
        "token_secret = \"env:MOSDAT_NO_SUCH\"",
    );
    world.project.write("plan.toml", &plan);
    let (code, text) = world.mosdat(&["doctor", "plan.toml"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("`MOSDAT_NO_SUCH` is not set"), "{text}");
    let (code, text) = world.mosdat(&["list-vms", "plan.toml"]).await;
    assert_eq!(code, 0, "{text}");
    let (code, text) = world.mosdat(&["plan", "plan.toml"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(world.pve.asked("").is_empty());
}
