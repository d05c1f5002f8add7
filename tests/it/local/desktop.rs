//! What a desktop promises while all is well.

use super::world::{LONG, World, lease, machine, shell, window, window_program};
use mosdat::{
    model::{Layer, Presence, Session},
    port::{Command, Exit, Keeper, Provider, ProviderError, Wanted},
};
use std::{
    collections::BTreeMap,
    io::Read,
    os::unix::{fs::MetadataExt, net::UnixStream},
    time::Duration,
};

const ALL: [Session; 3] = [Session::X11, Session::Wayland, Session::None];
const SHOWN: [Session; 2] = [Session::X11, Session::Wayland];

#[tokio::test]
async fn a_closed_desktop_leaves_no_process_and_no_folder() {
    for session in ALL {
        let world = World::new();
        let guest = world.open(session).await;
        shell(&*guest, "sleep 1000 & setsid -f sleep 1000").await;
        assert!(!world.processes().is_empty());
        guest.close().await.unwrap();
        world.assert_nothing_left();
    }
}

#[tokio::test]
async fn two_desktops_are_open_at_once_and_know_nothing_of_each_other() {
    for session in SHOWN {
        let world = World::new();
        let machine = machine(session);
        let (one, two) = (lease(1), lease(2));
        let base = Layer::Base;
        let [one, two] = [&one, &two].map(|lease| Wanted::plain(&machine, &base, lease));
        let (first, second) =
            tokio::try_join!(world.provider.open(&one), world.provider.open(&two),).unwrap();
        let process = first.start(&window_program("Mine")).await.unwrap();
        window(&*first, "Mine").await;
        assert_eq!(second.windows().await.unwrap(), []);
        second.close().await.unwrap();
        assert_eq!(process.exit(), None);
        assert_eq!(first.windows().await.unwrap().len(), 1);
        first.close().await.unwrap();
        world.assert_nothing_left();
    }
}

#[tokio::test]
async fn each_desktop_has_a_home_of_its_own_that_starts_empty() {
    let world = World::new();
    for _ in 0..2 {
        let guest = world.open(Session::X11).await;
        // What starts with a dot is the desktop's own.
        let output = shell(&*guest, "pwd; ls; echo text > note").await;
        assert_eq!(output.exit, Some(Exit::Code(0)));
        assert_eq!(output.text.trim(), guest.environment()["HOME"]);
        guest.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_desktop_shows_exactly_one_kind_of_display() {
    let displays = ["DISPLAY", "WAYLAND_DISPLAY"];
    for (session, wanted) in [
        (Session::X11, [true, false]),
        (Session::Wayland, [false, true]),
        (Session::None, [false, false]),
    ] {
        let world = World::new();
        let guest = world.open(session).await;
        assert_eq!(guest.session(), session);
        let environment = guest.environment();
        assert_eq!(displays.map(|name| environment.contains_key(name)), wanted);
        // Nothing of mosdat's own environment gets in.
        let output = shell(&*guest, "env").await;
        assert!(!output.text.contains("CARGO"), "{}", output.text);
        guest.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_programs_window_is_listed_with_its_title_its_process_and_its_place() {
    for session in SHOWN {
        let world = World::new();
        let guest = world.open(session).await;
        assert_eq!(guest.windows().await.unwrap(), []);
        let process = guest.start(&window_program("Päper")).await.unwrap();
        let window = window(&*guest, "Päper").await;
        assert_eq!(window.pid, process.pid());
        assert!(!window.app_id.is_empty());
        let rect = window.rect.unwrap();
        assert_eq!((rect.width, rect.height), (200, 100));
        assert!(
            rect.x >= 0 && rect.y >= 0 && rect.x + rect.width <= 640,
            "{rect}"
        );
        process.end().await;
        while !guest.windows().await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        guest.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_commands_exit_code_and_words_are_told() {
    for session in ALL {
        let world = World::new();
        let guest = world.open(session).await;
        let output = shell(&*guest, "echo out; echo err >&2; exit 7").await;
        assert_eq!(output.exit, Some(Exit::Code(7)));
        assert_eq!(output.text, "out\nerr\n");
        let output = shell(&*guest, "kill -KILL $$").await;
        assert_eq!(output.exit, Some(Exit::Signal(9)));
        guest.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_command_may_change_variables_for_itself() {
    let world = World::new();
    let guest = world.open(Session::X11).await;
    let mut command = Command::shell("echo ${DISPLAY-none} $EXTRA");
    command.env = BTreeMap::from([
        ("DISPLAY".into(), None),
        ("EXTRA".into(), Some("more".into())),
    ]);
    let output = guest.run(&command, LONG).await.unwrap();
    assert_eq!(output.text, "none more\n");
    assert!(guest.environment().contains_key("DISPLAY"));
    guest.close().await.unwrap();
}

#[tokio::test]
async fn a_command_whose_time_is_up_ends_with_all_its_children() {
    let world = World::new();
    let guest = world.open(Session::None).await;
    let command = Command::shell("sleep 1001 & setsid -f sleep 1001; echo begun; wait");
    let limit = Duration::from_millis(500);
    let output = guest.run(&command, limit).await.unwrap();
    assert_eq!(output.exit, None);
    assert_eq!(output.text, "begun\n");
    let left = world.processes();
    assert!(!left.iter().any(|(_, name)| name == "sleep"), "{left:?}");
    guest.close().await.unwrap();
}

#[tokio::test]
async fn what_a_command_leaves_running_stays_until_the_desktop_closes() {
    let world = World::new();
    let guest = world.open(Session::None).await;
    shell(&*guest, "sleep 1002 > /dev/null 2>&1 &").await;
    shell(&*guest, "true").await;
    world.process("sleep");
    guest.close().await.unwrap();
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_screen_is_a_socket_that_only_its_user_reaches() {
    for session in SHOWN {
        let world = World::new();
        let guest = world.open(session).await;
        // The stub refuses; what counts is where it was sent.
        assert!(matches!(
            guest.screen().await,
            Err(ProviderError::Screen(_))
        ));
        let socket = world.dialled.screens.lock().unwrap()[0].clone();
        let mut greeting = [0; 4];
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.read_exact(&mut greeting).unwrap();
        assert_eq!(&greeting, b"RFB ");
        let mode = socket.parent().unwrap().metadata().unwrap().mode();
        assert_eq!(mode & 0o777, 0o700);
        guest.close().await.unwrap();
    }
}

#[tokio::test]
async fn mosdat_may_use_the_message_bus_and_what_it_starts() {
    for session in SHOWN {
        let world = World::new();
        let guest = world.open(session).await;
        assert!(matches!(guest.tree().await, Err(ProviderError::Tree(_))));
        let address = world.dialled.buses.lock().unwrap()[0].clone();
        assert_eq!(address.uid, rustix::process::geteuid().as_raw());
        let bus = zbus::connection::Builder::address(address.session_bus.as_str()).unwrap();
        let bus = bus.build().await.unwrap();
        let (path, name) = ("/org/a11y/bus", "org.a11y.Bus");
        let reply = bus.call_method(Some(name), path, Some(name), "GetAddress", &());
        let reply: String = reply.await.unwrap().body().deserialize().unwrap();
        let bus = zbus::connection::Builder::address(reply.as_str()).unwrap();
        drop(bus.build().await.unwrap());
        guest.close().await.unwrap();
        world.assert_nothing_left();
    }
}

#[tokio::test]
async fn no_desktop_shows_nothing_and_says_so() {
    let world = World::new();
    let guest = world.open(Session::None).await;
    let unable = |err: ProviderError| assert!(matches!(err, ProviderError::Unable { .. }), "{err}");
    unable(guest.windows().await.unwrap_err());
    unable(guest.screen().await.unwrap_err());
    unable(guest.tree().await.unwrap_err());
    guest.close().await.unwrap();
}

#[tokio::test]
async fn a_machine_that_can_be_opened_is_present_without_layers() {
    let world = World::new();
    for session in ALL {
        let Presence::Present { base, layers, .. } =
            world.provider.observe(&machine(session)).await
        else {
            panic!("not present");
        };
        assert!(!base.is_empty() && layers.is_empty());
    }
}

#[tokio::test]
async fn a_script_that_ends_programs_by_their_words_does_not_end_itself() {
    let world = World::new();
    let guest = world.open(Session::None).await;
    let word = format!("word-{}", fastrand::u64(..));
    let text = format!(
        "sh -c 'sleep 600; : {word}' & pkill -KILL -f {word}; wait; \
         pgrep -f {word} || echo \"none 'left' \\\\ ${{MOSDAT_SCRIPT-unset}}\"; exit 3"
    );
    let output = guest.run(&Command::script(&text), LONG).await.unwrap();
    assert_eq!(output.exit, Some(Exit::Code(3)), "{output:?}");
    assert!(
        output.text.ends_with("none 'left' \\ unset\n"),
        "{output:?}"
    );
    // A text that stands in the command line ends itself.
    let output = guest.run(&Command::shell(&text), LONG).await.unwrap();
    assert_eq!(output.exit, Some(Exit::Signal(9)), "{output:?}");
    guest.close().await.unwrap();
}
