//! A clone of a kept session that QEMU alone knows of: nothing is asked of its guest.

use crate::lab::{CPUS, Lab, MEMORY};
use mosdat::{
    driver::qemu::{Engine, Folder, Qemu, Ram, Spec, Start, Template, Vm},
    model::{Layer, LeaseId, Network, RunId, Session},
};
use serde_json::Value;
use std::{fs, time::Duration};

/// What QEMU may take to start.
const LIMIT: Duration = Duration::from_mins(1);

/// Starts a clone as the provider does, without asking its guest for anything.
pub(crate) async fn start(lab: &Lab, session: &Layer) -> Vm {
    let qemu = Qemu::find(&std::env::var("PATH").unwrap()).await.unwrap();
    let lease = LeaseId::new(&RunId::new(format!("bare{}", std::process::id())), 1);
    let folder = Folder::create(&lab.work_dir(), &lease).unwrap();
    let layer = lab.layer_folder(session);
    let description = description(lab, session);
    for disk in description["disks"].as_array().unwrap() {
        let disk = disk.as_str().unwrap();
        fs::hard_link(layer.join(disk), folder.file(disk)).unwrap();
    }
    let disk = folder.file(description["disks"][0].as_str().unwrap());
    let overlay = folder.file("overlay.qcow2");
    qemu.create_overlay(&disk, &overlay).await.unwrap();
    let template = Template {
        disk,
        ram: layer.join("ram"),
        state: layer.join("devices"),
    };
    let spec = Spec {
        name: "bare".into(),
        engine: Engine::Tcg,
        cpus: CPUS,
        memory: MEMORY,
        ram: Ram::Anonymous,
        session: Session::X11,
        geometry: lab.machine.geometry,
        network: Network::Closed,
        disk: overlay.clone(),
        boot: lab.image.boot.clone(),
        has_agent_port: lab.image.has_agent,
        devices: Vec::new(),
        start: Start::Boot,
    };
    let spec = template.clone_of(&spec, overlay);
    let marker = lease.as_str();
    Vm::start(&qemu, spec, folder, marker, LIMIT).await.unwrap()
}

/// Returns what a kept session says of itself.
pub(crate) fn description(lab: &Lab, session: &Layer) -> Value {
    let text = fs::read(lab.layer_folder(session).join("layer.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}
