//! Transfers that are disturbed.

use super::{
    LIMIT, impatient, in_time, patient,
    proxy::breaking_after,
    server::{Rules, Server},
};
use mosdat::{
    driver::ssh::SshLimits,
    port::{Login, ShellError},
};
use std::{
    fs,
    io::Write as _,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

fn temporaries(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(".mosdat-")).collect()
}

#[tokio::test]
async fn a_broken_wire_leaves_no_file_under_the_name() {
    for sftp in ["internal-sftp", ""] {
        let server = Server::start_with(&Rules {
            sftp,
            ..Rules::default()
        });
        let (wire, _broken) = breaking_after(server.address, 2_000_000).await;
        let login = Login {
            address: wire,
            ..server.login()
        };
        let shell = server.dial(&login, patient()).await.unwrap();
        let near = server.path("near");
        fs::write(&near, vec![7; 30_000_000]).unwrap();
        let err = in_time(shell.upload(&near, &server.there("far"), &|_, _| {})).await;
        let err = err.unwrap_err();
        assert!(matches!(err, ShellError::Lost(_)), "{err:?}");
        assert!(err.is_transient());
        assert!(!server.path("far").exists());
        assert!(shell.lost().is_some());
        let again = shell.run("true", b"", LIMIT).await;
        assert!(matches!(again, Err(ShellError::Lost(_))), "{again:?}");
    }
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_sent_is_not_sent() {
    for grows in [true, false] {
        let server = Server::start();
        let near = server.path("near");
        fs::write(&near, vec![7; 10_000_000]).unwrap();
        let shell = server.shell().await;
        let is_changed = AtomicBool::new(false);
        let progress = |done: u64, _: u64| {
            if done > 0 && !is_changed.swap(true, Ordering::SeqCst) {
                let mut file = fs::OpenOptions::new().append(true).open(&near).unwrap();
                if grows {
                    file.write_all(b"more").unwrap();
                } else {
                    file.set_len(9_000_000).unwrap();
                }
            }
        };
        let err = shell.upload(&near, &server.there("far"), &progress).await;
        let err = err.unwrap_err();
        assert!(matches!(err, ShellError::Local { .. }), "{err:?}");
        assert!(!server.path("far").exists());
        assert_eq!(temporaries(near.parent().unwrap()), [""; 0]);
    }
}

#[tokio::test]
async fn a_transfer_that_is_given_up_leaves_nothing() {
    let server = Server::start();
    let near = server.path("near");
    fs::write(&near, vec![7; 30_000_000]).unwrap();
    let shell = server.shell().await;
    let (begun, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
    let (progress, there) = (
        move |done: u64, _: u64| begun.send(done).unwrap_or(()),
        server.there("far"),
    );
    {
        let sending = shell.upload(&near, &there, &progress);
        tokio::pin!(sending);
        loop {
            tokio::select! {
                sent = &mut sending => panic!("it takes longer: {sent:?}"),
                done = has_begun.recv() => if done > Some(0) { break },
            }
        }
    }
    let dir = near.parent().unwrap();
    let gone = async {
        while !temporaries(dir).is_empty() {
            // Only the file system tells.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    in_time(gone).await;
    assert!(!server.path("far").exists());
    assert!(shell.run("true", b"", LIMIT).await.unwrap().is_success());
}

#[tokio::test]
async fn a_transfer_that_stands_still_is_given_up() {
    for sftp in ["internal-sftp", ""] {
        let server = Server::start_with(&Rules {
            sftp,
            ..Rules::default()
        });
        let limits = SshLimits {
            silence: Duration::from_secs(1),
            ..patient()
        };
        let shell = server.shell_with(limits).await;
        // Opening a pipe waits for its other end, as a disk that hangs would.
        let pipe = server.there("pipe");
        let made = shell
            .run(&format!("mkfifo {pipe}"), b"", LIMIT)
            .await
            .unwrap();
        assert!(made.is_success());
        let err = in_time(shell.download(&pipe, &server.path("back"), &|_, _| {})).await;
        assert!(matches!(err, Err(ShellError::TimedOut { .. })), "{err:?}");
        assert!(!server.path("back").exists());
        assert!(shell.run("true", b"", LIMIT).await.unwrap().is_success());
        // Whatever still waits for the other end of the pipe now ends.
        let ends = fs::OpenOptions::new().read(true).write(true).open(&pipe);
        drop(ends.unwrap());
    }
}

#[tokio::test]
async fn a_machine_that_stops_in_the_midst_of_an_upload_is_noticed() {
    let server = Server::start();
    let near = server.path("near");
    fs::write(&near, vec![7; 60_000_000]).unwrap();
    let shell = server.shell_with(impatient()).await;
    let output = shell.run("echo $PPID", b"", LIMIT).await.unwrap();
    let session = super::losses::Stopped::later(&output);
    let is_stopped = AtomicBool::new(false);
    let progress = |done: u64, _: u64| {
        if done > 0 && !is_stopped.swap(true, Ordering::SeqCst) {
            session.stop();
        }
    };
    let err = in_time(shell.upload(&near, &server.there("far"), &progress)).await;
    let err = err.unwrap_err();
    assert!(matches!(err, ShellError::Lost(_)), "{err:?}");
    assert!(!server.path("far").exists());
}
