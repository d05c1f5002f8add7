//! Real machines behind the server: QEMU, with snapshots in their disks.

use crate::pve::Body;
use async_trait::async_trait;
use mosdat::{
    driver::{
        image::ImageStore,
        qemu::{AgentError, Engine, Folder, Qemu, Ram, Spec, Start, Vm},
    },
    model::{Image, LeaseId, Network, RunId, Session},
    port::Images as _,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::{Mutex, watch},
    task::JoinSet,
};

/// Long enough for anything on a busy computer.
const LONG: Duration = Duration::from_mins(5);

/// What stands in for a GPU: a device that Linux lists and nobody drives, `1b36:0005`.
pub(super) const STAND_IN: &str = "1b36:0005";

/// A machine that QEMU runs.
#[derive(Debug)]
pub(super) struct Real {
    qemu: Qemu,
    image: Image,
    session: Session,
    dir: PathBuf,
    /// Its SSH server, at the same port however often it starts.
    pub(super) ssh_port: u16,
    running: Mutex<Option<Vm>>,
    /// Where its SSH server listens now.
    ssh: watch::Sender<Option<std::net::SocketAddr>>,
    _proxy: Arc<JoinSet<()>>,
}

impl Real {
    /// Makes a machine whose disk starts as the image, with a snapshot `clean`.
    pub(super) async fn new(dir: &Path, session: Session) -> Self {
        let images = std::env::var_os("MOSDAT_TEST_IMAGES").expect("a folder with images");
        let store = ImageStore::new(std::path::absolute(images).unwrap());
        let image = store.find("debian12").unwrap().unwrap();
        let qemu = Qemu::find(&std::env::var("PATH").unwrap()).await.unwrap();
        fs::create_dir_all(dir).unwrap();
        qemu.create_overlay(&image.disk, &dir.join("disk.qcow2"))
            .await
            .unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let ssh = watch::channel(None).0;
        let mut proxy = JoinSet::new();
        let (ssh_port, target) = (listener.local_addr().unwrap().port(), ssh.subscribe());
        proxy.spawn(forward(listener, target));
        let real = Self {
            qemu,
            image,
            session,
            dir: dir.into(),
            ssh_port,
            running: Mutex::default(),
            ssh,
            _proxy: Arc::new(proxy),
        };
        real.disk_tool(&["-c", "clean"]).await.unwrap();
        real
    }

    /// Who logs in, and with which key.
    pub(super) fn login(&self) -> (String, PathBuf) {
        (self.image.user.clone(), self.image.key.clone().unwrap())
    }

    fn disk(&self) -> PathBuf {
        self.dir.join("disk.qcow2")
    }

    /// Has `qemu-img` do something with the snapshots of the disk, while nobody runs from it.
    async fn disk_tool(&self, what: &[&str]) -> Result<(), String> {
        let mut command = Command::new("qemu-img");
        command.arg("snapshot").args(what).arg(self.disk());
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .unwrap()
            .unwrap();
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    async fn run(&self, config: &BTreeMap<String, String>, start: Start) -> Result<(), String> {
        let lease = LeaseId::new(&RunId::new("real"), 1);
        let folder = Folder::create(&self.dir, &lease).map_err(|err| err.to_string())?;
        let has_device = config.keys().any(|key| key.starts_with("hostpci"));
        let spec = Spec {
            name: "machine of a cluster".into(),
            engine: Engine::Tcg,
            cpus: 1,
            memory: 640,
            ram: Ram::Anonymous,
            session: self.session,
            geometry: (1024, 768),
            network: Network::Closed,
            disk: self.disk(),
            boot: self.image.boot.clone(),
            has_agent_port: true,
            devices: if has_device {
                vec!["pci-testdev".into()]
            } else {
                Vec::new()
            },
            start,
        };
        let marker = self.dir.display().to_string();
        let vm = Vm::start(&self.qemu, spec, folder, &marker, LONG).await;
        let vm = vm.map_err(|err| err.to_string())?;
        self.ssh.send_replace(Some(vm.ssh()));
        *self.running.lock().await = Some(vm);
        Ok(())
    }
}

/// Hands connections on to wherever the machine's SSH server listens now.
async fn forward(listener: TcpListener, target: watch::Receiver<Option<std::net::SocketAddr>>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((mut here, _)) = listener.accept().await else {
            continue;
        };
        let target = *target.borrow();
        connections.spawn(async move {
            if let Some(target) = target
                && let Ok(mut there) = TcpStream::connect(target).await
            {
                drop(copy_bidirectional(&mut here, &mut there).await);
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

#[async_trait]
impl Body for Real {
    async fn start(&self, config: &BTreeMap<String, String>) -> Result<(), String> {
        self.run(config, Start::Boot).await
    }

    async fn stop(&self) {
        self.ssh.send_replace(None);
        let vm = self.running.lock().await.take();
        if let Some(vm) = vm {
            vm.quit().await;
        }
        let lease = LeaseId::new(&RunId::new("real"), 1);
        Folder::remove(&self.dir, &lease).unwrap();
    }

    async fn shutdown(&self, limit: Duration) -> bool {
        let running = self.running.lock().await;
        let Some(vm) = &*running else { return true };
        drop(vm.agent().unwrap().shut_down().await);
        vm.switched_off(limit).await.is_ok()
    }

    async fn is_running(&self) -> bool {
        // Whoever changes it holds it.
        let Ok(running) = self.running.try_lock() else {
            return true;
        };
        match &*running {
            Some(vm) => vm.lost().await.is_none(),
            None => false,
        }
    }

    async fn snapshot(&self, name: &str, ram: bool) -> Result<(), String> {
        let running = self.running.lock().await;
        let Some(vm) = &*running else {
            return self.disk_tool(&["-c", name]).await;
        };
        let agent = vm.agent().unwrap();
        if !ram {
            agent.freeze(LONG).await.map_err(|err| err.to_string())?;
        }
        let saved = vm.save_snapshot(name, LONG).await;
        if !ram {
            agent.thaw(LONG).await.map_err(|err| err.to_string())?;
        }
        saved.map_err(|err| err.to_string())
    }

    async fn rollback(
        &self,
        name: &str,
        ram: bool,
        config: &BTreeMap<String, String>,
    ) -> Result<(), String> {
        self.stop().await;
        self.disk_tool(&["-a", name]).await?;
        if ram {
            self.run(config, Start::Snapshot(name.into())).await
        } else {
            Ok(())
        }
    }

    async fn remove_snapshot(&self, name: &str) -> Result<(), String> {
        let running = self.running.lock().await;
        match &*running {
            Some(vm) => vm
                .delete_snapshot(name, LONG)
                .await
                .map_err(|err| err.to_string()),
            None => self.disk_tool(&["-d", name]).await,
        }
    }

    /// Its disk stands on this one's, and whichever of them started last is reached at the port.
    async fn copy(&self, vmid: u32) -> Result<Arc<dyn Body>, String> {
        let dir = self.dir.join(format!("clone-{vmid}"));
        fs::create_dir_all(&dir).map_err(|err| err.to_string())?;
        let disk = dir.join("disk.qcow2");
        let made = self.qemu.create_overlay(&self.disk(), &disk).await;
        made.map_err(|err| err.to_string())?;
        Ok(Arc::new(Self {
            qemu: self.qemu.clone(),
            image: self.image.clone(),
            session: self.session,
            dir,
            ssh_port: self.ssh_port,
            running: Mutex::default(),
            ssh: self.ssh.clone(),
            _proxy: Arc::clone(&self._proxy),
        }))
    }

    async fn agent(&self, command: &str, arguments: Value) -> Option<Result<Value, String>> {
        const KNOWN: &[&str] = &[
            "guest-ping",
            "guest-exec",
            "guest-exec-status",
            "guest-network-get-interfaces",
            "guest-get-osinfo",
            "guest-get-time",
            "guest-file-open",
            "guest-file-seek",
            "guest-file-read",
            "guest-file-write",
            "guest-file-close",
        ];
        let running = self.running.lock().await;
        let agent = running.as_ref()?.agent()?;
        let Some(known) = KNOWN.iter().find(|known| **known == command) else {
            return Some(Err(format!("The command {command} has not been found")));
        };
        match agent.call(known, arguments, Duration::from_secs(3)).await {
            Ok(answer) => Some(Ok(answer)),
            Err(AgentError::Refused { why, .. }) => Some(Err(why)),
            Err(_) => None,
        }
    }

    async fn console(&self) -> Option<PathBuf> {
        self.running.lock().await.as_ref().map(Vm::vnc)
    }
}
