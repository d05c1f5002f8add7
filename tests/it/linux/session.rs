//! Logging in: the session is waited for, and its variables are found.

use super::machine::{LONG, Machine};
use crate::desktop::XServer;
use mosdat::{
    driver::linux::{KnownSession, LinuxGuest},
    model::Session,
    port::{Exit, ProviderError},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

#[tokio::test]
async fn the_sessions_variables_are_those_of_its_manager_and_its_programs() {
    for session in [Session::X11, Session::Wayland] {
        let there = Machine::with_desktop(session).await.log_in().await;
        let environment = there.guest.environment();
        assert_eq!(environment["GSETTINGS_BACKEND"], "memory");
        assert_eq!(
            environment.contains_key("SWAYSOCK"),
            session == Session::Wayland
        );
        assert!(
            environment["HOME"].contains("desktop"),
            "the login's came first"
        );
        let of_login = environment.keys().find(|name| name.starts_with("SSH_"));
        assert_eq!(of_login, None);
        there.guest.answers().await.unwrap();
    }
}

#[tokio::test]
async fn a_manager_that_knows_nothing_is_made_up_for_by_the_sessions_oldest_program() {
    let server = XServer::start(320, 240);
    let mut machine = Machine::without_session(Session::X11);
    machine.tell(&BTreeMap::new());
    machine.limits.manager = Duration::from_millis(100);
    let program = |more: &[(&str, &str)]| {
        let display = ("DISPLAY", server.display.as_str());
        let all = more.iter().copied().chain([display]);
        all.map(|(name, value)| (name.into(), value.into()))
            .collect::<BTreeMap<String, String>>()
    };
    machine.session_program(&program(&[("SSH_CONNECTION", "1 2 3 4"), ("AGE", "0")]));
    machine.session_program(&program(&[("AGE", "1")]));
    machine.session_program(&program(&[("AGE", "2")]));
    let there = machine.log_in().await;
    assert_eq!(there.guest.environment()["AGE"], "1");
}

#[tokio::test]
async fn a_session_that_opens_late_is_waited_for() {
    let machine = Machine::with_desktop(Session::X11).await;
    let machine = machine.without_programs();
    let file = machine.dir.path().join("manager.json");
    let known = std::fs::read(&file).unwrap();
    machine.tell(&BTreeMap::new());
    let opens = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        std::fs::write(&file, known).unwrap();
    };
    let (there, ()) = tokio::join!(machine.log_in(), opens);
    assert!(there.guest.environment().contains_key("DISPLAY"));
}

#[tokio::test]
async fn a_window_manager_is_waited_for_and_may_be_missing() {
    let mut server = XServer::start(320, 240);
    let machine = |server: &XServer| {
        let machine = Machine::without_session(Session::X11);
        machine.tell(&[("DISPLAY".into(), server.display.clone())].into());
        machine
    };
    let mut bare = machine(&server);
    bare.limits.manager = Duration::from_millis(100);
    bare.log_in().await;
    let mut slow = machine(&server);
    slow.limits.manager = LONG;
    let mut log_in = Box::pin(slow.log_in());
    let early = tokio::time::timeout(Duration::from_secs(1), &mut log_in).await;
    assert!(early.is_err(), "nobody takes care of windows yet");
    server.spawn("openbox", &[]);
    log_in.await;
}

#[tokio::test]
async fn a_session_that_never_opens_is_an_error_with_the_reason() {
    let wayland = [("WAYLAND_DISPLAY", "wayland-9"), ("DISPLAY", ":9")];
    let nobody = [("DISPLAY", ":98765")];
    for (variables, why) in [
        (
            &wayland[..],
            "the session that is open is one of wayland, not of x11",
        ),
        (&nobody[..], "its display does not answer"),
    ] {
        let mut machine = Machine::without_session(Session::X11);
        let variables = variables.iter();
        let variables = variables.map(|(name, value)| ((*name).into(), (*value).into()));
        machine.tell(&variables.collect());
        machine.limits.session = Duration::from_millis(400);
        let err = machine.try_log_in().await.err().unwrap();
        assert!(err.is_transient(), "{err}");
        let text = err.to_string();
        assert!(
            text.starts_with("failed to start the session of `tester` of `there`: "),
            "{text}"
        );
        assert!(text.contains(why), "{text}");
    }
}

#[tokio::test]
async fn without_a_desktop_there_is_nothing_to_wait_for() {
    let there = Machine::plain().log_in().await;
    let environment = there.guest.environment();
    assert_eq!(environment["LANG"], "C.UTF-8");
    assert_eq!(environment["EXTRA"], "it's\ntwo \\lines \"$HOME\"");
    for asked in [
        there.guest.windows().await.map(drop),
        there.guest.tree().await.map(drop),
    ] {
        let err = asked.unwrap_err();
        assert!(matches!(err, ProviderError::Unable { .. }), "{err}");
    }
    assert_eq!(there.shell("exit 3").await.exit, Some(Exit::Code(3)));
}

#[tokio::test]
async fn a_session_that_is_known_is_taken_up_without_looking_for_it() {
    for session in [Session::X11, Session::Wayland, Session::None] {
        let there = match session {
            Session::None => Machine::plain(),
            Session::X11 | Session::Wayland => Machine::with_desktop(session).await,
        };
        let there = there.log_in().await;
        let known = there.guest.known_session();
        // What was written down is what is known.
        let text = serde_json::to_string(&known).unwrap();
        let known: KnownSession = serde_json::from_str(&text).unwrap();
        assert!(!format!("{known:?}").contains("memory"), "{known:?}");
        let asked = there.shell.scripts.lock().unwrap().len();
        let config = there.machine.config(Arc::clone(&there.shell));
        let taken = LinuxGuest::take_up(config, known).await.unwrap();
        assert_eq!(taken.environment(), there.guest.environment());
        assert_eq!(there.shell.scripts.lock().unwrap().len(), asked);
        if session != Session::None {
            taken.windows().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_known_session_whose_display_is_silent_is_not_taken_up() {
    let mut server = XServer::start(320, 240);
    let mut machine = Machine::without_session(Session::X11);
    machine.tell(&[("DISPLAY".into(), server.display.clone())].into());
    machine.limits.manager = Duration::from_millis(100);
    let there = machine.log_in().await;
    server.kill();
    let config = there.machine.config(Arc::clone(&there.shell));
    let err = LinuxGuest::take_up(config, there.guest.known_session()).await;
    let err = err.err().unwrap().to_string();
    assert!(err.contains("its display does not answer"), "{err}");
}

#[tokio::test]
async fn what_a_login_shell_says_of_its_own_is_no_answer() {
    let mut machine = Machine::plain();
    let file = machine.dir.path().join("greeting");
    std::fs::write(&file, "echo 'MOSDAT_UID=7 welcome!' ; echo oh >&2").unwrap();
    let greeting = ("BASH_ENV".to_owned(), file.display().to_string());
    machine.shell.env.extend([greeting]);
    let there = machine.log_in().await;
    assert_eq!(there.guest.environment()["LANG"], "C.UTF-8");
    // Where a program's own id is expected there is no way around it; it is told.
    let command = mosdat::port::Command::shell("true");
    let err = there.guest.run(&command, LONG).await.unwrap_err();
    let words = "the login shell wrote `MOSDAT_UID=7 welcome!` before the program was started";
    assert!(err.to_string().contains(words), "{err}");
}
