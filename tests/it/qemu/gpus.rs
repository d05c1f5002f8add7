//! A GPU that this computer cannot pass through is refused, and nothing is tested without it.

use crate::machine::machine;
use mosdat::{
    driver::{
        atspi::AtspiDialer,
        disk::SystemClock,
        image::ImageStore,
        qemu::{Devices, Limits, QemuConfig, QemuProvider},
        ssh::{SshConfig, SshDialer, SshLimits},
        vnc::VncDialer,
    },
    model::{Accelerator, Gpu, Layer, LeaseId, ProviderKind, RunId, Session, SessionLayers},
    port::{Provider as _, Wanted},
};
use std::sync::Arc;

#[tokio::test]
async fn a_gpu_that_cannot_be_passed_through_is_refused_with_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let shells = SshConfig {
        known_hosts: at("known_hosts"),
        agent: None,
        limits: SshLimits::default(),
    };
    let provider = QemuProvider::new(QemuConfig {
        work_dir: at("work"),
        layers_dir: at("layers"),
        runtime_dir: None,
        path_var: std::env::var("PATH").unwrap(),
        accelerator: Accelerator::Tcg,
        session_layers: SessionLayers::Auto,
        images: Arc::new(ImageStore::new(at("images"))),
        shells: Arc::new(SshDialer::new(shells)),
        screens: Arc::new(VncDialer::new(Arc::new(SystemClock))),
        trees: Arc::new(AtspiDialer),
        clock: Arc::new(SystemClock),
        devices: Devices {
            sys: at("sys"),
            dev: at("dev"),
        },
        limits: Limits::default(),
    });
    let gpu = Gpu {
        name: "card".into(),
        pci: Some("0000:01:00".into()),
        mapping: None,
        is_primary: false,
        take_over: false,
    };
    let machine = machine(ProviderKind::Qemu, Session::None);
    let lease = LeaseId::new(&RunId::new("r"), 1);
    let wanted = Wanted {
        machine: &machine,
        gpu: Some(&gpu),
        from: &Layer::Base,
        lease: &lease,
    };
    let err = provider.open(&wanted).await.unwrap_err();
    let said = err.to_string();
    assert!(
        said.contains("be given a GPU: there is no PCI device 0000:01:00.0"),
        "{said}"
    );
    assert!(!err.is_transient());
}
