//! Who is let in, and by what.

use super::{
    LIMIT, patient,
    server::{Agent, Rules, Server, keygen},
};
use mosdat::{
    driver::ssh::{SshConfig, SshDialer, SshLimits},
    port::{Login, ShellDialer, ShellError},
};
use std::{error::Error as _, path::Path, time::Duration};

fn with_agent(server: &Server, socket: Option<&Path>) -> SshDialer {
    SshDialer::new(SshConfig {
        agent: socket.map(Into::into),
        ..server.config(patient())
    })
}

fn keyless(server: &Server) -> Login {
    Login {
        key: None,
        ..server.login()
    }
}

#[tokio::test]
async fn keys_of_each_kind_let_the_user_in() {
    let server = Server::start();
    for kind in ["ed25519", "rsa", "ecdsa"] {
        let key = server.path(kind);
        keygen(&key, kind, "");
        server.authorize(&key);
        let login = Login {
            key: Some(key),
            ..server.login()
        };
        let shell = server.dial(&login, patient()).await.unwrap();
        assert!(shell.run("true", b"", LIMIT).await.unwrap().is_success());
    }
}

#[tokio::test]
async fn another_key_is_refused() {
    let server = Server::start();
    let key = server.path("other");
    keygen(&key, "ed25519", "");
    let login = Login {
        key: Some(key),
        ..server.login()
    };
    let err = server.dial(&login, patient()).await.unwrap_err();
    let ShellError::Refused { why, .. } = &err else {
        panic!("{err}");
    };
    assert!(
        why.contains("SHA256:") && why.contains("publickey"),
        "{why}"
    );
    assert!(!err.is_transient());
}

#[tokio::test]
async fn a_key_that_cannot_be_used_says_what_to_do() {
    let server = Server::start();
    let why = async |name: &str| {
        let login = Login {
            key: Some(server.path(name)),
            ..server.login()
        };
        let err = server.dial(&login, patient()).await.unwrap_err();
        assert!(err.to_string().contains(name), "{err}");
        err.source().unwrap().to_string()
    };
    keygen(&server.path("secret"), "ed25519", "a passphrase");
    let said = why("secret").await;
    assert!(
        said.contains("ssh-add") && said.contains("passphrase"),
        "{said}"
    );
    keygen(&server.path("secret_rsa"), "rsa", "a passphrase");
    let said = why("secret_rsa").await;
    assert!(said.contains("ssh-add"), "{said}");
    let said = why("user.pub").await;
    assert!(said.contains("no private key"), "{said}");
    why("nowhere").await;
}

#[tokio::test]
async fn the_agent_lets_the_user_in() {
    let server = Server::start();
    let (wrong, rsa) = (server.path("wrong"), server.path("rsa"));
    keygen(&wrong, "ed25519", "");
    keygen(&rsa, "rsa", "");
    let right = server.path("user");
    let agent = Agent::start(&server.path("agent"), &[&wrong, &right]);
    let dialer = with_agent(&server, Some(&agent.socket));
    let shell = dialer.dial(&keyless(&server)).await.unwrap();
    assert!(shell.run("true", b"", LIMIT).await.unwrap().is_success());

    let agent = Agent::start(&server.path("agent_rsa"), &[&wrong, &rsa]);
    let dialer = with_agent(&server, Some(&agent.socket));
    let err = dialer.dial(&keyless(&server)).await.unwrap_err();
    assert!(matches!(err, ShellError::Refused { .. }), "{err}");
    server.authorize(&rsa);
    dialer.dial(&keyless(&server)).await.unwrap();
}

#[tokio::test]
async fn an_agent_that_cannot_help_says_so() {
    let server = Server::start();
    let why = async |socket: Option<&Path>| {
        let err = with_agent(&server, socket).dial(&keyless(&server)).await;
        match err.unwrap_err() {
            ShellError::Refused { why, .. } => why,
            err => panic!("{err}"),
        }
    };
    let said = why(None).await;
    assert!(said.contains("SSH_AUTH_SOCK"), "{said}");
    let said = why(Some(&server.path("nowhere"))).await;
    assert!(said.contains("nowhere"), "{said}");
    let empty = Agent::start(&server.path("empty"), &[]);
    let said = why(Some(&empty.socket)).await;
    assert!(said.contains("ssh-add"), "{said}");
}

#[tokio::test]
async fn an_agent_with_too_many_keys_says_so() {
    let server = Server::start_with(&Rules {
        lines: "MaxAuthTries 2",
        ..Rules::default()
    });
    let keys: Vec<_> = (0..4).map(|n| server.path(&format!("key{n}"))).collect();
    for key in &keys {
        keygen(key, "ed25519", "");
    }
    let paths: Vec<&Path> = keys.iter().map(AsRef::as_ref).collect();
    let agent = Agent::start(&server.path("agent"), &paths);
    let dialer = with_agent(&server, Some(&agent.socket));
    let err = dialer.dial(&keyless(&server)).await.unwrap_err();
    let ShellError::Refused { why, .. } = &err else {
        panic!("{err}");
    };
    assert!(why.contains("Too many authentication failures"), "{why}");
}

#[tokio::test]
async fn an_agent_that_is_silent_is_given_up() {
    let server = Server::start();
    let socket = server.path("mute");
    let _listener = tokio::net::UnixListener::bind(&socket).unwrap();
    let limits = SshLimits {
        sign_in: Duration::from_millis(500),
        ..patient()
    };
    let dialer = SshDialer::new(SshConfig {
        agent: Some(socket),
        ..server.config(limits)
    });
    let err = dialer.dial(&keyless(&server)).await.unwrap_err();
    assert!(matches!(err, ShellError::TimedOut { .. }), "{err}");
}

#[tokio::test]
async fn a_machine_that_still_starts_may_be_tried_again() {
    let server = Server::start();
    let banner = server.path("banner");
    let words = "System is booting up. Unprivileged users are not permitted to log in yet. \
                 For technical details, see pam_nologin(8).\n";
    std::fs::write(&banner, words).unwrap();
    let lines = format!("Banner {}", banner.display());
    let booting = Server::start_with(&Rules {
        lines: lines.leak(),
        ..Rules::default()
    });
    let key = booting.path("other");
    keygen(&key, "ed25519", "");
    let login = Login {
        key: Some(key),
        ..booting.login()
    };
    let err = booting.dial(&login, patient()).await.unwrap_err();
    assert!(err.is_transient(), "{err}");
    assert!(err.to_string().contains("booting up"), "{err}");
}
