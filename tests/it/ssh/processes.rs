//! Commands that stay.

use super::{LIMIT, in_time, server::Server};
use mosdat::port::{Exit, ShellError};
use std::time::Duration;

#[tokio::test]
async fn a_command_that_stays_shows_its_first_line_and_its_end() {
    let server = Server::start();
    let shell = server.shell().await;
    let gate = server.there("gate");
    let script = format!(
        "printf 'first\\r\\nsecond\\n'; echo aside >&2; mkfifo {gate}; echo gate; read x < {gate}; \
         echo $x; exit 5"
    );
    let (line, process) = shell.start(&script, LIMIT).await.unwrap();
    assert_eq!(line, "first");
    assert_eq!(process.exit(), None);
    assert!(futures_util::FutureExt::now_or_never(process.wait()).is_none());
    let knock = format!("until [ -p {gate} ]; do sleep 0.01; done; echo knock > {gate}");
    shell.run(&knock, b"", LIMIT).await.unwrap();
    let (one, other) = tokio::join!(process.wait(), process.wait());
    assert_eq!(
        (one.unwrap(), other.unwrap()),
        (Exit::Code(5), Exit::Code(5))
    );
    assert_eq!(process.exit(), Some(Exit::Code(5)));
    // What goes to standard error takes its own way.
    let mut lines: Vec<_> = process.output().lines().map(str::to_owned).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["aside", "gate", "knock", "second"]);
}

#[tokio::test]
async fn a_command_that_ends_before_its_first_line_says_why() {
    let server = Server::start();
    let shell = server.shell().await;
    let err = shell
        .start("echo 'no display' >&2; printf half; exit 3", LIMIT)
        .await;
    let err = err.unwrap_err().to_string();
    assert!(err.contains("exited with 3"), "{err}");
    assert!(err.contains("no display") && err.contains("half"), "{err}");
}

#[tokio::test]
async fn a_first_line_that_does_not_come_is_given_up() {
    let server = Server::start();
    let shell = server.shell().await;
    let started = shell.start("printf half; exec sleep 60", Duration::from_millis(500));
    let err = in_time(started).await.unwrap_err();
    assert!(matches!(err, ShellError::TimedOut { .. }), "{err}");
    let left = shell
        .run("pgrep -fx 'sleep 60' -g 0 || true", b"", LIMIT)
        .await;
    left.unwrap();
    let endless = shell.start("tr '\\0' x < /dev/zero", LIMIT).await;
    assert!(
        matches!(endless, Err(ShellError::Remote { .. })),
        "{endless:?}"
    );
}

#[tokio::test]
async fn dropping_a_command_that_stays_ends_it() {
    let server = Server::start();
    let shell = server.shell().await;
    let (pid, process) = shell.start("echo $$; exec sleep 60", LIMIT).await.unwrap();
    drop(process);
    let gone = format!("while kill -0 {pid} 2>/dev/null; do sleep 0.01; done");
    let output = shell.run(&gone, b"", LIMIT).await.unwrap();
    assert!(output.is_success());
}

#[tokio::test]
async fn what_a_command_left_running_may_still_write() {
    let server = Server::start();
    let shell = server.shell().await;
    let gate = server.there("gate");
    let script = format!("mkfifo {gate}; echo up; (read x < {gate}; echo late) & exit 0");
    let (_, process) = shell.start(&script, LIMIT).await.unwrap();
    assert_eq!(process.wait().await.unwrap(), Exit::Code(0));
    assert_eq!(process.output(), "");
    shell
        .run(&format!("echo > {gate}"), b"", LIMIT)
        .await
        .unwrap();
    let wait = async {
        while process.output() != "late\n" {
            tokio::task::yield_now().await;
        }
    };
    in_time(wait).await;
}

#[tokio::test]
async fn the_end_of_a_command_is_told_however_much_its_child_goes_on_to_write() {
    let server = Server::start();
    let shell = server.shell().await;
    let script = "echo up; (while echo noise; do sleep 0.02; done) & exit 3";
    let (_, process) = shell.start(script, LIMIT).await.unwrap();
    assert_eq!(in_time(process.wait()).await.unwrap(), Exit::Code(3));
    assert_eq!(process.exit(), Some(Exit::Code(3)));
}
