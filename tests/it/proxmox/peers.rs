//! Clients and servers that others wrote, so that the two that are written here do not agree on what
//! is wrong.

use super::world::{cluster, token, world};
use std::fs;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proxmoxer_drives_the_test_server() {
    let world = world(cluster(), token()).await;
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    fs::write(&ca, &world.front.pem).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pve/proxmoxer_drives.py");
    let mut command = tokio::process::Command::new("/usr/bin/python3");
    command
        .arg(script)
        .arg(format!("localhost:{}", world.front.address.port()))
        .arg(&ca);
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "driven\n");
}
