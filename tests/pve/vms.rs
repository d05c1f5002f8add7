//! What is done to machines: power, templates, the end.

use super::{
    cluster::is_disk,
    devices,
    server::{Answer, Pve, Refusal, Request},
    tasks::Work,
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{sync::OwnedMutexGuard, time::timeout};

/// How long the lock of a configuration is waited for.
const FILE_LOCK: Duration = Duration::from_secs(10);

impl Pve {
    pub(super) async fn on_machine(
        self: &Arc<Self>,
        request: &Request,
        verb: &str,
        what: &str,
        node: &str,
        vmid: u32,
    ) -> Answer {
        self.notice_crash(vmid).await;
        let start = |kind: &str, work: Work| {
            Ok(self.spawn(&request.caller, node, kind, &vmid.to_string(), work))
        };
        let pve = Arc::clone(self);
        let at = node.to_owned();
        match (verb, what) {
            ("GET", "/status/current") => self.status(node, vmid).map_err(Refusal::failed),
            ("GET", "/config" | "/pending" | "/feature" | "") => {
                self.show(request, what, node, vmid)
            }
            ("PUT", "/config") => self.change(request, node, vmid).await,
            ("POST", "/status/start") => {
                only_root(request, "skiplock")?;
                start(
                    "qmstart",
                    Box::pin(async move { pve.start(&at, vmid).await }),
                )
            }
            ("POST", "/status/stop") => {
                start("qmstop", Box::pin(async move { pve.stop(&at, vmid).await }))
            }
            ("POST", "/status/shutdown") => {
                let limit = request.seconds("timeout", 180);
                let force = request.flag("forceStop");
                start(
                    "qmshutdown",
                    Box::pin(async move { pve.shut_down(&at, vmid, limit, force).await }),
                )
            }
            ("POST", "/status/reset" | "/status/suspend" | "/status/reboot") => {
                let is_running = self
                    .cluster()
                    .on(node, vmid)
                    .map_err(Refusal::failed)?
                    .is_running;
                if !is_running {
                    return Err(Refusal::failed(format!("VM {vmid} not running")));
                }
                start("qmreset", Box::pin(async { Ok(()) }))
            }
            ("POST", "/clone") => self.clone_vm(request, node, vmid),
            ("POST", "/template") => self.make_template(request, node, vmid),
            ("DELETE", "") => self.destroy(request, node, vmid),
            (_, what) if what.starts_with("/snapshot") => {
                self.snapshots(request, verb, what, node, vmid)
            }
            (_, what) if what.starts_with("/agent") => {
                self.agent(request, verb, what, node, vmid).await
            }
            ("POST", "/vncproxy") => self.open_console(request, node, vmid).await,
            _ => Err(Refusal::new(
                501,
                format!("the test server does not do `{}`", request.name),
            )),
        }
    }

    /// A guest that ended by itself is stopped.
    async fn notice_crash(&self, vmid: u32) {
        let body = self
            .cluster()
            .vms
            .get(&vmid)
            .map(|vm| (Arc::clone(&vm.body), vm.is_running));
        if let Some((body, true)) = body
            && !body.is_running().await
            && let Some(vm) = self.cluster().vms.get_mut(&vmid)
            && Arc::clone(&vm.file).try_lock().is_ok()
        {
            vm.is_running = false;
            vm.is_agent_lost = false;
            vm.devices.clear();
            vm.apply_pending();
        }
    }

    fn status(&self, node: &str, vmid: u32) -> Result<Value, String> {
        let mut cluster = self.cluster();
        let vm = cluster.on(node, vmid)?;
        let mut told = json!({
            "vmid": vmid, "name": vm.config.get("name"), "cpus": 2, "maxmem": 1_073_741_824_u64,
            "status": if vm.is_running { "running" } else { "stopped" },
            "qmpstatus": if vm.is_running { "running" } else { "stopped" },
            "ha": {"managed": 0}, "uptime": u64::from(vm.is_running) * 10,
        });
        if let Some(lock) = vm.lock() {
            told["lock"] = json!(lock);
        }
        if vm.config.contains_key("agent") {
            told["agent"] = json!(1);
        }
        if vm.is_template() {
            told["template"] = json!(1);
        }
        Ok(told)
    }

    /// Takes the lock of a configuration file.
    pub(super) async fn file(&self, node: &str, vmid: u32) -> Result<OwnedMutexGuard<()>, String> {
        let file = Arc::clone(&self.cluster().on(node, vmid)?.file);
        let locked = timeout(FILE_LOCK, file.lock_owned()).await;
        locked.map_err(|_| {
            format!("can't lock file '/var/lock/qemu-server/lock-{vmid}.conf' - got timeout")
        })
    }

    /// Takes it, and refuses a machine that is locked in its configuration.
    pub(super) async fn unlocked(
        &self,
        node: &str,
        vmid: u32,
    ) -> Result<OwnedMutexGuard<()>, String> {
        let file = self.file(node, vmid).await?;
        let lock = self.cluster().on(node, vmid)?.lock().map(str::to_owned);
        match lock {
            Some(kind) => Err(format!("VM is locked ({kind})")),
            None => Ok(file),
        }
    }

    pub(crate) async fn start(&self, node: &str, vmid: u32) -> Result<(), String> {
        let _file = self.unlocked(node, vmid).await?;
        self.start_locked(node, vmid).await
    }

    pub(super) async fn start_locked(&self, node: &str, vmid: u32) -> Result<(), String> {
        let (body, config) = {
            let mut cluster = self.cluster();
            let vm = cluster.on(node, vmid)?;
            if vm.is_running {
                return Err(format!("VM {vmid} already running"));
            }
            if vm.is_template() {
                return Err("you can't start a vm if it's a template".into());
            }
            vm.apply_pending();
            let config = vm.config.clone();
            let devices = devices::devices(&cluster, node, vmid, &config)?;
            let vm = cluster.on(node, vmid)?;
            vm.devices = devices;
            (Arc::clone(&vm.body), config)
        };
        let started = body.start(&config).await;
        let mut cluster = self.cluster();
        let vm = cluster.on(node, vmid)?;
        vm.is_running = started.is_ok();
        if started.is_err() {
            vm.devices.clear();
        }
        started
    }

    pub(crate) async fn stop(&self, node: &str, vmid: u32) -> Result<(), String> {
        // Whether it runs is asked before anything else, which has words of its own.
        let is_here = self.cluster().on(node, vmid).is_ok();
        if !is_here {
            let gone = "unable to find configuration file for VM";
            return Err(format!("{gone} {vmid} on node '{node}'"));
        }
        let _file = self.file(node, vmid).await?;
        self.stop_locked(node, vmid).await
    }

    pub(super) async fn stop_locked(&self, node: &str, vmid: u32) -> Result<(), String> {
        let body = Arc::clone(&self.cluster().on(node, vmid)?.body);
        body.stop().await;
        let mut cluster = self.cluster();
        let vm = cluster.on(node, vmid)?;
        vm.is_running = false;
        vm.is_agent_lost = false;
        vm.devices.clear();
        vm.apply_pending();
        Ok(())
    }

    async fn shut_down(
        &self,
        node: &str,
        vmid: u32,
        limit: Duration,
        force: bool,
    ) -> Result<(), String> {
        let _file = self.unlocked(node, vmid).await?;
        let (body, is_running) = {
            let mut cluster = self.cluster();
            let vm = cluster.on(node, vmid)?;
            (Arc::clone(&vm.body), vm.is_running)
        };
        if is_running && !body.shutdown(limit).await && !force {
            return Err("VM quit/powerdown failed - got timeout".into());
        }
        self.stop_locked(node, vmid).await
    }

    fn make_template(self: &Arc<Self>, request: &Request, node: &str, vmid: u32) -> Answer {
        let mut cluster = self.cluster();
        let vm = cluster.on(node, vmid).map_err(Refusal::failed)?;
        if !vm.snapshots.is_empty() {
            return Err(Refusal::failed(
                "unable to create template, because VM contains snapshots",
            ));
        }
        if vm.is_running {
            return Err(Refusal::failed(
                "you can't convert a VM to template if VM is running",
            ));
        }
        drop(cluster);
        let (pve, at) = (Arc::clone(self), node.to_owned());
        let work = async move {
            let _file = pve.unlocked(&at, vmid).await?;
            let mut cluster = pve.cluster();
            let config = &mut cluster.on(&at, vmid)?.config;
            for (_, disk) in config.iter_mut().filter(|(key, _)| is_disk(key)) {
                *disk = disk.replace(&format!("vm-{vmid}-"), &format!("base-{vmid}-"));
            }
            config.insert("template".into(), "1".into());
            Ok(())
        };
        Ok(self.spawn(
            &request.caller,
            node,
            "qmtemplate",
            &vmid.to_string(),
            Box::pin(work),
        ))
    }

    fn destroy(self: &Arc<Self>, request: &Request, node: &str, vmid: u32) -> Answer {
        let is_running = self
            .cluster()
            .on(node, vmid)
            .map_err(Refusal::failed)?
            .is_running;
        if is_running {
            return Err(Refusal::failed(format!(
                "VM {vmid} is running - destroy failed"
            )));
        }
        let (pve, at) = (Arc::clone(self), node.to_owned());
        let work = async move {
            let _file = pve.unlocked(&at, vmid).await?;
            let mut cluster = pve.cluster();
            let users = &cluster.on(&at, vmid)?.base_of;
            if let Some(user) = users.iter().next() {
                return Err(format!(
                    "base volume 'base-{vmid}-disk-0' is still in use by linked cloned VM {user}"
                ));
            }
            cluster.vms.remove(&vmid);
            cluster.access.take_out_of_pool(vmid);
            for vm in cluster.vms.values_mut() {
                vm.base_of.remove(&vmid);
            }
            Ok(())
        };
        Ok(self.spawn(
            &request.caller,
            node,
            "qmdestroy",
            &vmid.to_string(),
            Box::pin(work),
        ))
    }
}

fn only_root(request: &Request, name: &str) -> Result<(), Refusal> {
    if request.get(name).is_some() && !request.caller.is_root() {
        return Err(Refusal::fields([(name, "Only root may use this option.")]));
    }
    Ok(())
}
