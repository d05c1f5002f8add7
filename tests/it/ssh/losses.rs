//! Connections that are lost, or never come about.

use super::{
    LIMIT, impatient, in_time, patient,
    server::{Server, user},
};
use mosdat::{
    driver::ssh::SshLimits,
    port::{Exit, Login, Shell, ShellError, ShellOutput, SocketName},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{net::Ipv4Addr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, UnixListener},
};

/// A process of the server's that is stopped, and ends when this is dropped.
pub(super) struct Stopped(Pid);

impl Stopped {
    /// Takes the process whose id a command wrote. It runs on as yet.
    pub(super) fn later(output: &ShellOutput) -> Self {
        let pid = str::from_utf8(&output.stdout)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        Self(Pid::from_raw(pid).unwrap())
    }

    /// Stops it.
    pub(super) fn stop(&self) {
        kill_process(self.0, Signal::STOP).unwrap();
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // It may have ended already.
        kill_process(self.0, Signal::KILL).ok();
    }
}

/// Returns the process that serves a login.
async fn session(shell: &dyn Shell) -> Stopped {
    Stopped::later(&shell.run("echo $PPID", b"", LIMIT).await.unwrap())
}

fn is_lost<T: std::fmt::Debug>(result: Result<T, ShellError>) -> String {
    match result {
        Err(ShellError::Lost(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// Has everything wait on a connection, loses it, and sees that all learn of it.
async fn all_learn_of(shell: Arc<dyn Shell>, server: &Server, lose: impl AsyncFnOnce()) -> String {
    let socket = server.path("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let name = SocketName::File(socket);
    let (stream, accepted) = tokio::join!(shell.open(&name), listener.accept());
    let (mut stream, _far) = (stream.unwrap(), accepted.unwrap());
    let (_, process) = shell.start("echo up; exec sleep 60", LIMIT).await.unwrap();
    let input = vec![7; 30_000_000];
    let everybody = async {
        let mut byte = [0];
        tokio::join!(
            shell.run("sleep 60", b"", LIMIT),
            // There is no more room to send.
            shell.run("sleep 60", &input, LIMIT),
            shell.start("sleep 60", LIMIT),
            process.wait(),
            stream.read(&mut byte),
        )
    };
    let lose = async {
        // All wait once a command that was sent after them has run.
        shell.run("true", b"", LIMIT).await.unwrap();
        lose().await;
    };
    let (all, ()) = in_time(async { tokio::join!(everybody, lose) }).await;
    let (run, fed, started, waited, read) = all;
    let why = is_lost(run);
    assert_eq!(is_lost(fed), why);
    assert_eq!(is_lost(started), why);
    assert_eq!(is_lost(waited), why);
    assert_eq!(is_lost(process.wait().await), why);
    assert_eq!(process.exit(), None);
    read.unwrap_err();
    stream.write_all(&input).await.unwrap_err();
    assert_eq!(is_lost(shell.run("true", b"", LIMIT).await), why);
    assert_eq!(
        is_lost(
            shell
                .download("/etc/hostname", &server.path("x"), &|_, _| {})
                .await
        ),
        why
    );
    shell.open(&name).await.unwrap_err();
    assert_eq!(shell.lost(), Some(why.clone()));
    why
}

#[tokio::test]
async fn a_server_that_ends_is_noticed_by_all() {
    let server = Server::start();
    let shell = server.shell().await;
    let session = session(&*shell).await;
    assert_eq!(shell.lost(), None);
    let why = all_learn_of(shell, &server, async || drop(session)).await;
    assert_eq!(why, "it hung up");
}

#[tokio::test]
async fn a_machine_that_stops_is_noticed_by_all() {
    let server = Server::start();
    let shell = server.shell_with(impatient()).await;
    let session = session(&*shell).await;
    let why = all_learn_of(shell, &server, async || session.stop()).await;
    assert_eq!(why, "nothing came from the machine for 4 s");
}

#[tokio::test]
async fn closing_is_noticed_by_all() {
    let server = Server::start();
    let shell = server.shell().await;
    let closer = Arc::clone(&shell);
    let why = all_learn_of(shell, &server, async || closer.close().await).await;
    assert_eq!(why, "it was closed");
    closer.close().await;
}

#[tokio::test]
async fn a_stopped_machine_can_be_let_go_of() {
    let server = Server::start();
    let shell = server.shell().await;
    let session = session(&*shell).await;
    session.stop();
    in_time(shell.close()).await;
    assert_eq!(shell.lost().as_deref(), Some("it was closed"));
}

#[tokio::test]
async fn a_quiet_machine_is_not_lost() {
    let server = Server::start();
    let shell = server.shell_with(impatient()).await;
    // Twice as long as it may be silent, but it answers when asked.
    let output = shell.run("sleep 8; exit 6", b"", LIMIT).await.unwrap();
    assert_eq!(output.exit, Some(Exit::Code(6)));
    assert_eq!(shell.lost(), None);
}

#[tokio::test]
async fn output_that_a_loss_cut_off_is_none() {
    let server = Server::start();
    let limits = SshLimits {
        rest: LIMIT,
        ..patient()
    };
    let shell = server.shell_with(limits).await;
    // It has ended by itself, but somebody else may still write to its output.
    let script = "echo some; (sleep 1; kill -9 $PPID) & exit 0";
    let why = is_lost(in_time(shell.run(script, b"", LIMIT)).await);
    assert_eq!(why, "it hung up");
}

#[tokio::test]
async fn dropping_a_login_ends_it() {
    let server = Server::start();
    let shell = server.shell().await;
    let (pid, process) = shell
        .start("echo $PPID; exec sleep 60", LIMIT)
        .await
        .unwrap();
    drop((shell, process));
    let gone = async {
        while std::fs::exists(format!("/proc/{pid}")).unwrap() {
            // It is no child of ours, so nothing tells.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    in_time(gone).await;
}

fn nobody(listener: &TcpListener) -> Login {
    Login {
        address: listener.local_addr().unwrap(),
        user: user(),
        key: None,
        host_key: None,
        known_as: "nobody".into(),
    }
}

#[tokio::test]
async fn what_is_no_server_is_told_from_a_mute_one() {
    let server = Server::start();
    let hasty = SshLimits {
        connect: Duration::from_secs(1),
        ..patient()
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let login = Login {
        key: Some(server.path("user")),
        ..nobody(&listener)
    };
    let err = server.dial(&login, hasty).await.unwrap_err();
    assert!(
        matches!(err, ShellError::TimedOut { .. }) && err.is_transient(),
        "{err}"
    );

    let talk = async {
        listener.accept().await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        drop(stream);
        let (stream, _) = listener.accept().await.unwrap();
        drop(stream);
    };
    let calls = async {
        for _ in 0..2 {
            let err = server.dial(&login, patient()).await.unwrap_err();
            assert!(matches!(err, ShellError::Connect { .. }), "{err}");
        }
    };
    in_time(async { tokio::join!(talk, calls) }).await;

    drop(listener);
    let err = server.dial(&login, patient()).await.unwrap_err();
    assert!(matches!(err, ShellError::Connect { .. }), "{err}");
    assert!(err.to_string().contains("refused"), "{err}");
}
