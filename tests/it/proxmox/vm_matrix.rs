//! A whole plan on a cluster whose machines are real.

use super::{
    direct,
    vm_real::{Real, STAND_IN},
    world::{cluster, token},
};
use crate::{
    project::Project,
    pve::{Cluster, Front, Pve},
};
use mosdat::{
    driver::proxmox::{TaskLimits, Vm, api::Reason},
    model::Session,
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

const PACK: &str = "set -e\n\
    mkdir -p dist tree/DEBIAN tree/usr/bin\n\
    cp greeter tree/usr/bin/greeter\n\
    chmod 755 tree/usr/bin/greeter\n\
    cp control tree/DEBIAN/control\n\
    SOURCE_DATE_EPOCH=1 dpkg-deb --root-owner-group -b tree dist/greeter_1_all.deb\n";

const CONTROL: &str = "Package: greeter\nVersion: 1\nArchitecture: all\n\
    Maintainer: Nobody <nobody@example.org>\nDescription: says hello\n";

/// A cluster with one real machine, and a project that tests on it.
struct World {
    pve: Arc<Pve>,
    project: Project,
    /// Where the user's key is.
    home: PathBuf,
    _front: Front,
    _dir: tempfile::TempDir,
}

async fn world(session: Session, gpu: &str) -> World {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let real = Real::new(&dir.path().join("vm"), session).await;
    let (port, (user, key)) = (real.ssh_port, real.login());
    let mut cluster: Cluster = cluster();
    cluster.add(200, "pve1", "local-lvm", Arc::new(real));
    cluster.add_snapshot(200, "clean", 1_795_000_000);
    let device = ("0000:01:00.0".to_owned(), STAND_IN.to_owned(), 12);
    cluster.nodes.get_mut("pve1").unwrap().devices.push(device);
    let mapped = (
        "pve1".to_owned(),
        "0000:01:00.0".to_owned(),
        STAND_IN.to_owned(),
    );
    cluster.mappings.insert("card".into(), vec![mapped]);
    let pve = Pve::new(cluster);
    let front = Front::listen(&pve).await;
    let project = Project::in_folder(tempfile::tempdir().unwrap());
    write(&project, &front, port, &user, &key, session, gpu);
    World {
        pve,
        project,
        home: key.parent().unwrap().to_path_buf(),
        _front: front,
        _dir: dir,
    }
}

fn write(
    project: &Project,
    front: &Front,
    port: u16,
    user: &str,
    key: &Path,
    session: Session,
    gpu: &str,
) {
    let plan = format!(
        "[matrix]\nname = \"fleet\"\ntimeout = \"10m\"\ngpu = [{gpu}]\n\
         [app]\nname = \"greeter\"\nversion = \"1\"\nbinary = \"/usr/bin/greeter\"\ntimeout = 2\n\
         [proxmox]\nhost = \"127.0.0.1\"\nport = {}\nfingerprint = \"{}\"\n\
         token_id = \"root@pam!lab\"\ntoken_secret = \"file:secret\"\n\
         [[gpu]]\nname = \"card\"\nmapping = \"card\"\n\
         [[vm]]\nname = \"desk\"\nprovider = \"proxmox\"\nnode = \"pve1\"\nvmid = 200\n\
         ip = \"127.0.0.1\"\nssh_port = {port}\nuser = \"{user}\"\nssh_key = \"~/{}\"\nsession = \"{}\"\n\
         [[vm.package]]\nformat = \"deb\"\nfile_glob = \"greeter_*.deb\"\n\
         [[build]]\nname = \"main\"\nsource = {{ path = \"app\" }}\n\
         commands = [\"sh pack.sh\"]\n",
        front.address.port(),
        front.fingerprint,
        key.file_name().unwrap().display(),
        session.as_str(),
    );
    let (greeter, scenario) = match session {
        Session::None => (
            "#!/bin/sh\necho 'hello 1'\n",
            "steps:\n  - shell: \"{app_path} | grep hello\"\n",
        ),
        _ => (
            "#!/bin/sh\nexec xterm -T 'hello 1' -e sleep 600\n",
            "steps:\n  - launch: \"{app_path}\"\n    window: hello\n",
        ),
    };
    project.write("plan.toml", &plan);
    project.write("secret", "root-secret\n");
    project.write("app/greeter", greeter);
    project.write("app/pack.sh", PACK);
    project.write("app/control", CONTROL);
    project.write("scenarios/greets.yaml", scenario);
}

impl World {
    /// Runs mosdat beside the server; returns what it says, with what it exits with.
    async fn mosdat(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_mosdat"));
        command.args(arguments).current_dir(self.project.path());
        command
            .env("MOSDAT_LOG", "mosdat=info")
            .env("HOME", &self.home);
        let output = command.output().await.unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        (output.status.code().unwrap_or(-1), text)
    }

    fn state(&self, file: &str) -> String {
        let path = self.project.path().join("state/fleet").join(file);
        fs::read_to_string(path).unwrap_or_default()
    }

    /// Nobody has the machine, and no device is left on it.
    fn assert_given_back(&self) {
        let cluster = self.pve.cluster();
        let vm = &cluster.vms[&200];
        assert!(!vm.is_running);
        assert!(!vm.config.contains_key("lock"), "{:?}", vm.config);
        let description = vm.config.get("description").map_or("", String::as_str);
        assert!(!description.contains("mosdat-lease"), "{description}");
        let devices: Vec<_> = vm
            .config
            .keys()
            .filter(|key| key.starts_with("hostpci"))
            .collect();
        assert!(devices.is_empty(), "{devices:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_holds_on_real_machines_of_a_cluster() {
    let world = world(Session::X11, "\"none\"").await;
    let (code, text) = world.mosdat(&["apply", "--yes", "plan.toml"]).await;
    assert_eq!(code, 0, "{text}");
    world.assert_given_back();
    let snapshots: Vec<String> = world.pve.cluster().vms[&200]
        .snapshots
        .keys()
        .cloned()
        .collect();
    assert_eq!(
        snapshots.len(),
        3,
        "clean, installed, and the open session: {snapshots:?}"
    );
    let (code, text) = world
        .mosdat(&["plan", "--detailed-exitcode", "plan.toml"])
        .await;
    assert_eq!(code, 0, "nothing is left to do: {text}");
    let log = world.state("logs/proxmox.jsonl");
    assert!(
        !log.contains("root-secret") && log.contains("vncproxy"),
        "{log}"
    );
    for line in log.lines() {
        let _line: Value = serde_json::from_str(line).unwrap();
    }
    let (code, text) = world.mosdat(&["destroy", "--yes", "plan.toml"]).await;
    assert_eq!(code, 0, "{text}");
    let left: Vec<String> = world.pve.cluster().vms[&200]
        .snapshots
        .keys()
        .cloned()
        .collect();
    assert_eq!(left, ["clean"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gpu_is_given_to_the_cells_that_want_it_and_taken_back() {
    let world = world(Session::None, "\"none\", \"card\"").await;
    let (code, text) = world.mosdat(&["apply", "--yes", "plan.toml"]).await;
    assert_eq!(code, 0, "{text}");
    world.assert_given_back();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_holds_on_clones_of_a_real_template() {
    let world = world(Session::None, "\"none\", \"card\"").await;
    {
        let mut cluster = world.pve.cluster();
        cluster.vms.get_mut(&200).unwrap().snapshots.clear();
        cluster.make_template(200);
    }
    let plan = fs::read_to_string(world.project.path().join("plan.toml")).unwrap();
    let plan = plan.replace("vmid = 200", "template = 200\nslots = 1");
    world.project.write("plan.toml", &plan);
    let layers = || {
        let cluster = world.pve.cluster();
        let made = cluster
            .vms
            .values()
            .filter(|vm| vm.config.contains_key("tags"));
        made.map(|vm| vm.config["name"].clone()).collect::<Vec<_>>()
    };
    let (code, text) = world.mosdat(&["apply", "--yes", "plan.toml"]).await;
    assert_eq!(code, 0, "{text}");
    world.assert_given_back();
    let made = layers();
    assert_eq!(
        made.len(),
        2,
        "installed with the device, and without: {made:?}"
    );
    let (code, text) = world
        .mosdat(&["plan", "--detailed-exitcode", "plan.toml"])
        .await;
    assert_eq!(code, 0, "nothing is left to do: {text}");
    let (code, text) = world.mosdat(&["destroy", "--yes", "plan.toml"]).await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(layers(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_pass_through_a_real_agent() {
    let world = world(Session::None, "\"none\"").await;
    world.pve.start("pve1", 200).await.unwrap();
    let client = Arc::new(direct::client(&world.pve, token()));
    let vm = Vm::of(client, 200, "pve1", TaskLimits::default());
    vm.agent_ready(Duration::from_mins(5)).await.unwrap();
    let all: Vec<u8> = (0..=255).cycle().take(45 << 10).collect();
    vm.write_file("/tmp/all", &all).await.unwrap();
    assert!(vm.read_file("/tmp/all").await.unwrap() == all);
    vm.write_file("/tmp/all", b"").await.unwrap();
    assert_eq!(vm.read_file("/tmp/all").await.unwrap(), b"");
    for err in [
        vm.read_file("/tmp/nothing").await.unwrap_err(),
        vm.write_file("/no/folder", b"x").await.unwrap_err(),
    ] {
        assert_eq!(err.reason(), Reason::NoFile, "{err}");
    }
    world.pve.stop("pve1", 200).await.unwrap();
}

/// Copies a folder of this project into the test's.
fn bring(world: &World, folder: &str) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let to = world.project.path().join(folder);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .arg(from)
        .arg(to)
        .status();
    assert!(copied.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_notes_plan_holds_with_a_gpu_and_without() {
    let world = world(Session::X11, "\"none\"").await;
    for folder in ["examples/notes", "scenarios/notes"] {
        bring(&world, folder);
    }
    // The plan as it is, but for who keeps the machine.
    let ours = fs::read_to_string(world.project.path().join("plan.toml")).unwrap();
    let tables = &ours[ours.find("[proxmox]").unwrap()..ours.find("[[vm.package]]").unwrap()];
    let plan = format!(
        "[matrix]\nname = \"fleet\"\ninclude = [\"../examples/notes/notes.toml\"]\n\
         machines = [\"desk\"]\nscenarios = [\"notes/*\", \"smoke/*\"]\ngpu = [\"none\", \"card\"]\n\
         retries = 1\ntimeout = \"5m\"\n\
         exclude = [{{ gpu = \"card\", scenarios = [\"notes/delete\", \"notes/edit\", \
         \"notes/search\", \"smoke/no-display\", \"smoke/wayland-*\"], why = \"each boots\" }}]\n\
         expect = [{{ scenarios = \"smoke/no-display\", verdict = \"failed\", why = \"it needs one\" }}]\n\
         [[build]]\nname = \"main\"\nsource = {{ path = \"../examples/notes\" }}\n\
         commands = [\"./package.sh\"]\n\
         {tables}\n[[vm.package]]\nformat = \"deb\"\nfile_glob = \"notes_*_all.deb\"\n"
    );
    world.project.write(
        "plans/notes.toml",
        &plan.replace("file:secret", "file:../secret"),
    );
    let (code, text) = world.mosdat(&["apply", "--yes", "plans/notes.toml"]).await;
    assert_eq!(code, 0, "{text}");
    world.assert_given_back();
    assert!(text.contains("passed"), "{text}");
    let cluster = world.pve.cluster();
    let devices = |pattern: &str| world.pve.asked(pattern).len();
    assert!(
        devices("hostpci0=mapping%3Dcard") >= 1,
        "the device was given"
    );
    let keeps_ram = cluster.vms[&200]
        .snapshots
        .values()
        .filter(|it| it.has_ram)
        .count();
    assert_eq!(keeps_ram, 1, "only the session without the device is kept");
}
