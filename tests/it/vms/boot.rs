//! Guests that never come up: nothing waits for them longer than it has to, and what they said last
//! is told.

use super::{fleet::Fleet, world::World};
use mosdat::{
    driver::qemu::Limits,
    model::{Boot, Image, Layer, Presence},
    port::ProviderError,
};
use std::{process::Command, time::Duration};

/// Gives the image a disk with nothing on it.
fn empty_disk(image: &mut Image, fleet: &Fleet) {
    image.disk = fleet.path().join("empty.qcow2");
    let mut make = Command::new("qemu-img");
    make.args(["create", "-q", "-f", "qcow2"]).arg(&image.disk);
    assert!(make.arg("64M").status().unwrap().success());
}

/// Has to fail to start, for a reason that may pass.
async fn refusal(world: &World) -> String {
    let err = world.open(&Layer::Base, 1).await.unwrap_err();
    assert!(matches!(&err, ProviderError::Start { .. }), "{err}");
    assert!(err.is_transient());
    world.assert_nothing_left();
    err.to_string()
}

#[tokio::test]
async fn a_disk_that_does_not_boot_costs_as_much_time_as_it_is_given() {
    let missing = [
        (true, "the guest agent did not answer"),
        (false, "let anybody in"),
    ];
    for (has_agent, missing) in missing {
        let limits = Limits {
            boot: Duration::from_secs(2),
            ..Limits::default()
        };
        let world = World::new(limits, |image, fleet| {
            empty_disk(image, fleet);
            image.boot = Boot::Disk;
            image.has_agent = has_agent;
        });
        let why = refusal(&world).await;
        assert!(why.contains("failed to start the guest of `box`"), "{why}");
        assert!(why.contains(missing), "{why}");
        assert!(why.contains("nothing came out of its serial port"), "{why}");
    }
}

#[tokio::test]
async fn a_guest_that_finds_no_system_is_not_waited_for_and_says_why() {
    let world = World::new(Limits::default(), empty_disk);
    let why = refusal(&world).await;
    assert!(why.contains("cannot be mounted"), "{why}");
}

#[tokio::test]
async fn a_kernel_that_panics_as_it_boots_is_not_waited_for_and_says_why() {
    let world = World::new(Limits::default(), |image, _| {
        let Boot::Kernel { arguments, .. } = &mut image.boot else {
            panic!("mosdat's own images have a kernel");
        };
        arguments.push_str(" rdinit=/nowhere");
    });
    let why = refusal(&world).await;
    assert!(why.contains("the guest's kernel panicked"), "{why}");
    assert!(why.contains("Kernel panic - not syncing"), "{why}");
}

#[tokio::test]
async fn nothing_starts_from_an_image_that_was_replaced_since_it_was_looked_at() {
    let world = World::new(Limits::default(), |_, _| {});
    let seen = world.observe().await;
    assert!(matches!(seen, Presence::Present { .. }), "{seen:?}");
    world.replace_image();
    for from in [Layer::Base, world.layer("checkpoint")] {
        let err = world.open(&from, 1).await.unwrap_err();
        assert!(err.to_string().contains("plan again"), "{err}");
        assert!(!err.is_transient());
        world.assert_nothing_left();
    }
}
