//! The console of a real machine that shows nothing.

use super::{
    fleet::Fleet,
    one_colour::{OneColour, WithScreen},
    vm_real::Real,
    world::{token, world},
};
use crate::pve::Cluster;
use mosdat::{
    driver::ssh::{SshConfig, SshDialer, SshLimits},
    model::{Layer, LeaseId, Session},
    port::{Provider as _, ProviderError, Wanted},
};
use std::{sync::Arc, time::Duration};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_console_that_stays_black_says_what_helps() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let real = Real::new(&dir.path().join("vm"), Session::X11).await;
    let (port, (user, key)) = (real.ssh_port, real.login());
    let screen = OneColour::listen(dir.path());
    screen.colour.send_replace([0, 0, 0]);
    let mut cluster = Cluster::of(&["pve1"]);
    let body = WithScreen(real, Arc::clone(&screen));
    cluster.add(200, "pve1", "local-lvm", Arc::new(body));
    cluster.add_snapshot(200, "clean", 1);
    let world = world(cluster, token()).await;
    let mut fleet = Fleet::new(&world.pve, &[200], &["a"]).with_client(Arc::clone(&world.client));
    fleet.limits.alive = Duration::from_secs(3);
    fleet.shells = Some(Arc::new(SshDialer::new(SshConfig {
        known_hosts: dir.path().join("known_hosts"),
        agent: None,
        limits: SshLimits::default(),
    })));
    let machine = fleet.desired.machines.values_mut().next().unwrap();
    machine.session = Session::X11;
    machine.ip = Some("127.0.0.1".into());
    machine.reach.ssh_port = port;
    machine.reach.user = user;
    machine.reach.key = Some(key);
    let machine = machine.clone();
    let lease = LeaseId::named("one");
    let wanted = Wanted::plain(&machine, &Layer::Base, &lease);
    let opened = fleet.provider().open(&wanted).await;
    let err = opened.expect_err("nothing is seen");
    assert!(matches!(err, ProviderError::Start { .. }), "{err}");
    let words = err.to_string();
    assert!(words.contains("it shows nothing but black"), "{words}");
    assert!(words.contains("`vga: std`"), "{words}");
    assert!(
        !world.pve.cluster().vms[&200].is_running,
        "it is given back"
    );
    // A picture that does not follow the pointer is one all the same.
    screen.colour.send_replace([200, 100, 50]);
    let guest = fleet.provider().open(&wanted).await.unwrap();
    guest.close().await.unwrap();
}
