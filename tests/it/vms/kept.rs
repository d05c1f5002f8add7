//! Going on from a kept session: into the present, and only from one that this QEMU kept.

use super::{
    fleet::Desktop,
    world::{LONG, World, as_root},
};
use mosdat::{
    driver::qemu::Limits,
    model::{Layer, LayerKind, LayerName, Timestamp},
    port::{Clock, Command, Guest, ProviderError},
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A name that no step of the prepared fleet has given.
fn another_layer() -> LayerName {
    LayerName::parse("mosdat-00000000000000000000").unwrap()
}

/// What time it is a year from now.
#[derive(Debug)]
struct NextYear;

impl Clock for NextYear {
    fn now(&self) -> Timestamp {
        let now = SystemTime::now() + Duration::from_hours(365 * 24);
        let now = now.duration_since(UNIX_EPOCH).unwrap();
        Timestamp(u64::try_from(now.as_millis()).unwrap())
    }
}

/// Its clock has to show what the provider's does.
async fn assert_next_year(guest: &dyn Guest) {
    let before = NextYear.now().0 / 1000;
    let told = guest.run(&Command::shell("date +%s"), LONG).await.unwrap();
    let told: u64 = told.text.trim().parse().unwrap();
    let after = NextYear.now().0 / 1000;
    // Setting it takes a translated guest a moment, by which it is late.
    assert!((before - 10..=after).contains(&told), "{told} {after}");
}

#[tokio::test]
async fn a_kept_session_goes_on_in_the_present() {
    let world = World::made(
        Desktop::None,
        |_, _| {},
        |config| config.clock = Arc::new(NextYear),
    );
    let guest = world.open(&world.layer("checkpoint"), 1).await.unwrap();
    assert_next_year(&*guest).await;
    guest.close().await.unwrap();
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_kept_session_goes_on_in_the_present_without_an_agent() {
    let without = |image: &mut mosdat::model::Image, _: &_| image.has_agent = false;
    let world = World::made(Desktop::None, without, |config| {
        config.clock = Arc::new(NextYear);
    });
    let guest = world.open(&Layer::Base, 1).await.unwrap();
    let layer = another_layer();
    guest.keep(&layer, LayerKind::Session).await.unwrap();
    guest.close().await.unwrap();
    let guest = world.open(&Layer::Kept(layer), 2).await.unwrap();
    assert_next_year(&*guest).await;
    guest.close().await.unwrap();
    world.assert_nothing_left();
}

#[tokio::test]
async fn nothing_goes_on_from_a_session_that_another_qemu_kept() {
    let another = |config: &mut mosdat::driver::qemu::QemuConfig| {
        config.path_var = "/usr/bin:/bin".into();
    };
    let world = World::made(Desktop::None, |_, _| {}, another);
    let layer = world.layer("checkpoint");
    let err = world.open(&layer, 1).await.unwrap_err();
    assert!(matches!(&err, ProviderError::DamagedLayer { .. }), "{err}");
    assert!(err.to_string().contains("another QEMU"), "{err}");
    world.assert_nothing_left();
    let err = world.open(&layer, 2).await.unwrap_err();
    assert!(matches!(&err, ProviderError::NoLayer { .. }), "{err}");
}

#[tokio::test]
async fn a_kept_session_whose_agent_never_answers_is_told_from_one_that_does() {
    let limits = Limits {
        resume: Duration::from_secs(10),
        ..Limits::default()
    };
    let world = World::new(limits, |_, _| {});
    let guest = world.open(&world.layer("checkpoint"), 1).await.unwrap();
    let stopped = as_root(&*guest, "systemctl stop qemu-guest-agent").await;
    assert_eq!(stopped.unwrap().text, "");
    let mute = another_layer();
    guest.keep(&mute, LayerKind::Session).await.unwrap();
    guest.close().await.unwrap();
    let mute = Layer::Kept(mute);
    let err = world.open(&mute, 2).await.unwrap_err();
    assert!(matches!(&err, ProviderError::Start { .. }), "{err}");
    assert!(err.to_string().contains("agent"), "{err}");
    world.assert_nothing_left();
    // It may have been the computer, once.
    let err = world.open(&mute, 3).await.unwrap_err();
    assert!(
        err.to_string().contains("the next run makes it again"),
        "{err}"
    );
    let err = world.open(&mute, 4).await.unwrap_err();
    assert!(matches!(&err, ProviderError::NoLayer { .. }), "{err}");
}

#[tokio::test]
async fn a_machine_that_breaks_down_while_it_comes_to_rest_is_not_kept() {
    let world = World::made(Desktop::X11, |_, _| {}, |_| {});
    let guest = world.open(&world.layer("checkpoint"), 1).await.unwrap();
    // It does not come to rest as long as it lives, and then at once.
    let restless = "n=0; while [ $n -lt 20 ]; do date; n=$((n+1)); sleep 0.2; done; \
        echo c | sudo tee /proc/sysrq-trigger";
    let argv = ["xterm", "-e", restless].map(str::to_owned);
    let command = Command {
        argv: argv.into(),
        ..Command::default()
    };
    let terminal = guest.start(&command).await.unwrap();
    let has_window = async {
        while !guest
            .windows()
            .await
            .unwrap()
            .iter()
            .any(|it| it.app_id.contains("XTerm"))
        {}
    };
    tokio::time::timeout(LONG, has_window).await.unwrap();
    let err = guest.keep(&another_layer(), LayerKind::Session).await;
    let err = err.unwrap_err().to_string();
    assert!(err.contains("the guest's kernel panicked"), "{err}");
    assert!(guest.lost().await.is_some());
    drop(terminal);
    guest.close().await.unwrap();
    world.assert_nothing_left();
    let err = world.open(&Layer::Kept(another_layer()), 2).await;
    assert!(matches!(err, Err(ProviderError::NoLayer { .. })), "{err:?}");
}
