//! Consoles: VNC through the server's WebSocket, opened again when it breaks.

use super::{
    one_colour::{LONG, OneColour, WithScreen},
    world::{World, cluster, token, world},
};
use crate::pve::{Fault, Paper};
use mosdat::{
    driver::{
        disk::SystemClock,
        proxmox::{ClusterConsole, TaskLimits, Vm},
        vnc::{VncDialer, VncLimits},
    },
    model::{Frame, FrameCause, KeyLayout, Point},
    port::{Console, Input, Screen, ScreenDialer as _, ScreenError},
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// A running machine with a screen.
struct Shown {
    world: World,
    screen: Arc<OneColour>,
    vm: Vm,
    _dir: tempfile::TempDir,
}

async fn shown() -> Shown {
    let dir = tempfile::tempdir().unwrap();
    let screen = OneColour::listen(dir.path());
    let body = WithScreen(Paper::default(), Arc::clone(&screen));
    let mut cluster = cluster();
    cluster.add(102, "pve1", "local-lvm", Arc::new(body));
    let world = world(cluster, token()).await;
    let vm = Vm::of(
        Arc::clone(&world.client),
        102,
        "pve1",
        TaskLimits::default(),
    );
    vm.start().await.unwrap();
    Shown {
        world,
        screen,
        vm,
        _dir: dir,
    }
}

impl Shown {
    fn console(&self) -> Arc<dyn Console> {
        Arc::new(ClusterConsole::new(self.vm.clone(), KeyLayout::default()))
    }

    async fn dial(&self, again: Duration) -> Result<Arc<dyn Screen>, ScreenError> {
        let limits = VncLimits {
            again,
            ..VncLimits::default()
        };
        let dialer = VncDialer::new(Arc::new(SystemClock)).with_limits(limits);
        dialer.dial_console(self.console()).await
    }
}

fn colour(frame: &Frame) -> [u8; 3] {
    let pixel = &frame.rgba[frame.rgba.len() - 4..];
    [pixel[0], pixel[1], pixel[2]]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_console_shows_the_screen_and_takes_keys() {
    let shown = shown().await;
    let screen = shown.dial(LONG).await.unwrap();
    let first = screen.frame().await.unwrap();
    assert_eq!((first.width, first.height), (64, 48));
    assert_eq!(colour(&first), [200, 100, 50]);
    shown.screen.colour.send_replace([1, 2, 3]);
    let next = timeout(LONG, screen.changed(first.seq))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(colour(&next), [1, 2, 3]);
    screen
        .send(&[Input::KeyDown(0x61), Input::KeyUp(0x61)])
        .await
        .unwrap();
    shown.screen.colour.send_replace([4, 5, 6]);
    timeout(LONG, screen.changed(next.seq))
        .await
        .unwrap()
        .unwrap();
    let keys = [(0x61, true), (0x61, false)];
    shown.screen.assert_keys(&keys).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_console_that_breaks_is_opened_again_with_a_new_ticket() {
    let shown = shown().await;
    let screen = shown.dial(LONG).await.unwrap();
    let before = screen.frame().await.unwrap();
    screen.send(&[Input::KeyDown(0x61)]).await.unwrap();
    // A sign of life that was asked for later shows that the key arrived.
    let mut asked = shown.screen.asked.subscribe();
    let soon = *asked.borrow_and_update() + 3;
    timeout(LONG, asked.wait_for(|count| *count >= soon))
        .await
        .unwrap()
        .unwrap();
    shown.world.pve.drop_consoles();
    let after = timeout(LONG, screen.changed(before.seq))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(after.cause, FrameCause::Reconnected);
    assert_eq!(after.seq.0, before.seq.0 + 1, "frames go on being counted");
    assert_eq!(
        shown
            .world
            .pve
            .asked("POST /nodes/pve1/qemu/102/vncproxy")
            .len(),
        2
    );
    // What was held down is let go, and the screen goes on to be driven.
    screen
        .send(&[
            Input::Move(Point { x: 1, y: 1 }),
            Input::KeyDown(0x62),
            Input::KeyUp(0x62),
        ])
        .await
        .unwrap();
    shown.screen.colour.send_replace([1, 2, 3]);
    let next = timeout(LONG, screen.changed(after.seq))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(colour(&next), [1, 2, 3]);
    let keys = [(0x61, true), (0x61, false), (0x62, true), (0x62, false)];
    shown.screen.assert_keys(&keys).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_console_that_breaks_right_after_an_input_is_lost() {
    let shown = shown().await;
    let screen = shown.dial(LONG).await.unwrap();
    let before = screen.frame().await.unwrap();
    screen.send(&[Input::KeyDown(0x61)]).await.unwrap();
    // Nobody knows whether the key arrived, so nothing that is seen later says anything.
    shown.world.pve.drop_consoles();
    let changed = timeout(LONG, screen.changed(before.seq)).await.unwrap();
    assert_eq!(changed.unwrap_err(), ScreenError::Closed);
    assert_eq!(shown.world.pve.asked("vncproxy").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_no_picture_of_a_console_that_is_broken() {
    let shown = shown().await;
    let screen = shown.dial(LONG).await.unwrap();
    let before = screen.frame().await.unwrap();
    // It takes a while until there is a way to it again.
    shown
        .world
        .pve
        .faults
        .add("vncproxy", Fault::Status(500, "no".into()), 2);
    shown.world.pve.drop_consoles();
    shown.screen.colour.send_replace([1, 2, 3]);
    let next = timeout(LONG, screen.changed(before.seq))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(colour(&next), [1, 2, 3]);
    assert_eq!(colour(&screen.frame().await.unwrap()), [1, 2, 3]);
    assert_eq!(shown.world.pve.asked("vncproxy").len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_console_that_stays_away_is_lost() {
    let shown = shown().await;
    let screen = shown.dial(Duration::from_secs(2)).await.unwrap();
    let before = screen.frame().await.unwrap();
    shown.vm.stop().await.unwrap();
    shown.world.pve.drop_consoles();
    let err = timeout(LONG, screen.changed(before.seq))
        .await
        .unwrap()
        .unwrap_err();
    assert!(err.is_transient(), "{err}");
    assert_eq!(screen.frame().await.unwrap_err(), err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_without_a_graphics_card_has_no_console() {
    for (key, value) in [
        ("vga", "none"),
        ("vga", "serial0"),
        ("hostpci0", "mapping=card,x-vga=1"),
    ] {
        let shown = shown().await;
        let set = |cluster: &mut crate::pve::Cluster| {
            let config = &mut cluster.vms.get_mut(&102).unwrap().config;
            config.insert(key.into(), value.into());
        };
        set(&mut shown.world.pve.cluster());
        let err = shown.dial(LONG).await.unwrap_err();
        assert_eq!(err, ScreenError::Closed, "{key} = {value}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_that_is_not_taken_says_so() {
    let shown = shown().await;
    shown.world.pve.faults.add(
        "vncproxy",
        Fault::Status(403, "Permission check failed (/vms/102, VM.Console)".into()),
        1,
    );
    let err = shown.console().connect().await.unwrap_err();
    assert!(err.to_string().contains("VM.Console"), "{err}");
}
