//! Whose key a server shows.

use super::{LIMIT, patient, server::Server};
use mosdat::port::{Login, ShellError};
use std::fs;

fn refusal(err: &ShellError) -> (&str, &str) {
    match err {
        ShellError::HostKey { seen, known, .. } => (seen, known),
        err => panic!("{err}"),
    }
}

fn keyed(server: &Server, host_key: String) -> Login {
    Login {
        host_key: Some(host_key),
        ..server.login()
    }
}

#[tokio::test]
async fn a_known_key_of_any_kind_is_asked_for_and_nothing_is_remembered() {
    let server = Server::start();
    for kind in ["ed25519", "rsa"] {
        let login = keyed(&server, server.host_key(kind));
        let shell = server.dial(&login, patient()).await.unwrap();
        assert!(shell.run("true", b"", LIMIT).await.unwrap().is_success());
    }
    assert!(!server.path("known_hosts").exists());
}

#[tokio::test]
async fn another_key_than_the_known_one_is_refused() {
    let (server, other) = (Server::start(), Server::start());
    for kind in ["ed25519", "rsa"] {
        let login = keyed(&server, other.host_key(kind));
        let err = server.dial(&login, patient()).await.unwrap_err();
        let (seen, known) = refusal(&err);
        assert!(seen.starts_with("SHA256:") && known.starts_with("SHA256:"));
        assert_ne!(seen, known);
        assert!(!err.is_transient());
        let text = err.to_string();
        assert!(
            text.contains("test/machine") && text.contains(seen),
            "{text}"
        );
    }
    let err = server
        .dial(&keyed(&server, "nonsense".into()), patient())
        .await;
    assert!(matches!(err, Err(ShellError::Local { .. })), "{err:?}");
}

#[tokio::test]
async fn the_first_key_is_remembered_and_a_changed_one_refused() {
    let server = Server::start();
    server.shell().await;
    let file = server.path("known_hosts");
    let pinned = fs::read_to_string(&file).unwrap();
    let key = server.host_key("ed25519");
    let key = key.rsplit_once(" a comment").unwrap().0;
    assert_eq!(pinned, format!("test/machine {key}\n"));
    server.shell().await;

    // Another machine where this one was, of which it does not matter where it is.
    let other = Server::start();
    let config = server.config(patient());
    let dialer = mosdat::driver::ssh::SshDialer::new(config);
    let err = mosdat::port::ShellDialer::dial(&dialer, &other.login()).await;
    let err = err.unwrap_err();
    refusal(&err);
    let text = err.to_string();
    assert!(text.contains(file.to_str().unwrap()), "{text}");
    assert_eq!(fs::read_to_string(&file).unwrap(), pinned);

    // Under another name it is another machine.
    let login = Login {
        known_as: "test/other".into(),
        ..other.login()
    };
    mosdat::port::ShellDialer::dial(&dialer, &login)
        .await
        .unwrap();
    assert!(fs::read_to_string(&file).unwrap().starts_with(&pinned));
}

#[tokio::test]
async fn the_kind_of_key_that_is_remembered_is_asked_for() {
    let server = Server::start();
    let key = server.host_key("rsa");
    fs::write(server.path("known_hosts"), format!("test/machine {key}")).unwrap();
    server.shell().await;
}

#[tokio::test]
async fn of_two_machines_that_are_first_at_once_one_wins() {
    let (one, other) = (Server::start(), Server::start());
    for round in 0..5 {
        let dialer = mosdat::driver::ssh::SshDialer::new(one.config(patient()));
        let login = |server: &Server| Login {
            known_as: format!("test/{round}"),
            ..server.login()
        };
        let (to_one, to_other) = (login(&one), login(&other));
        let (first, second) = tokio::join!(
            mosdat::port::ShellDialer::dial(&dialer, &to_one),
            mosdat::port::ShellDialer::dial(&dialer, &to_other),
        );
        assert_ne!(first.is_ok(), second.is_ok(), "{first:?} {second:?}");
        refusal(&first.err().or(second.err()).unwrap());
    }
    let text = fs::read_to_string(one.path("known_hosts")).unwrap();
    assert_eq!(text.lines().count(), 5, "{text}");
}

#[tokio::test]
async fn many_first_times_at_once_are_all_remembered() {
    let server = Server::start();
    let dials = (0..8).map(|number| {
        let server = &server;
        async move {
            let login = Login {
                known_as: format!("test/{}", number / 2),
                ..server.login()
            };
            server.dial(&login, patient()).await.unwrap();
        }
    });
    futures_util::future::join_all(dials).await;
    let text = fs::read_to_string(server.path("known_hosts")).unwrap();
    let mut names: Vec<_> = text
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["test/0", "test/1", "test/2", "test/3"]);
}
