//! Commands that run to their end.

use super::{
    LIMIT, in_time, patient,
    server::{Rules, Server},
};
use mosdat::{
    driver::ssh::SshLimits,
    port::{Exit, Shell, ShellError, ShellOutput},
};
use std::{fs, path::Path, time::Duration};

async fn run(shell: &dyn Shell, script: &str, input: &[u8]) -> ShellOutput {
    shell.run(script, input, LIMIT).await.unwrap()
}

fn text(output: &ShellOutput) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

/// Waits until a file is there, and returns what is in it.
async fn written(path: &Path) -> String {
    let wait = async {
        loop {
            match fs::read_to_string(path) {
                Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
                // Only the file system tells, and it has no event that is worth its code here.
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    in_time(wait).await
}

fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| &rest[..1]);
    !matches!(state, None | Some("Z" | "X"))
}

async fn until_gone(pid: &str) {
    let wait = async {
        while lives(pid) {
            // As above.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    in_time(wait).await;
}

#[tokio::test]
async fn a_command_is_given_input_and_gives_all_it_has() {
    let server = Server::start();
    let shell = server.shell().await;
    let output = run(&*shell, "cat; echo oops >&2; exit 7", b"from here\n").await;
    assert_eq!(output.exit, Some(Exit::Code(7)));
    assert_eq!(text(&output), "from here\n");
    assert_eq!(output.stderr, "oops\n");
    assert!(!output.is_success());

    let output = run(&*shell, "# a comment\ntrue", b"").await;
    assert!(output.is_success(), "{output:?}");
    let output = run(&*shell, "", b"").await;
    assert!(output.is_success(), "{output:?}");
    let output = run(&*shell, "no-such-program-here", b"").await;
    assert_eq!(output.exit, Some(Exit::Code(127)));
}

#[tokio::test]
async fn a_signal_is_no_exit_code() {
    let server = Server::start();
    let shell = server.shell().await;
    for (signal, number) in [("TERM", 15), ("KILL", 9), ("SEGV", 11), ("USR1", 10)] {
        let output = run(&*shell, &format!("kill -{signal} $$"), b"").await;
        assert_eq!(output.exit, Some(Exit::Signal(number)), "{signal}");
    }
}

#[tokio::test]
async fn much_input_and_much_output_do_not_wait_for_each_other() {
    let server = Server::start();
    let shell = server.shell().await;
    let input: Vec<u8> = (0..12 << 20).map(|n: u32| (n >> 5) as u8).collect();
    let output = run(&*shell, "cat", &input).await;
    assert!(output.is_success());
    assert!(output.stdout == input, "{} bytes", output.stdout.len());
}

#[tokio::test]
async fn a_command_need_not_read_its_input() {
    let server = Server::start();
    let shell = server.shell().await;
    let output = run(&*shell, "exit 3", &vec![0; 12 << 20]).await;
    assert_eq!(output.exit, Some(Exit::Code(3)));
}

#[tokio::test]
async fn a_flood_of_output_is_kept_up_to_a_limit() {
    let server = Server::start();
    let shell = server.shell().await;
    let script =
        "head -c 40000000 /dev/zero; head -c 400000 /dev/zero | tr '\\0' e >&2; echo end >&2";
    let output = run(&*shell, script, b"").await;
    assert!(output.is_success());
    assert_eq!(output.stdout.len(), 16 << 20);
    assert!(output.stderr.len() <= 64 * 1024);
    assert!(output.stderr.ends_with("eend\n"));
}

#[tokio::test]
async fn a_command_whose_time_is_up_is_ended_with_its_children() {
    let server = Server::start();
    let shell = server.shell().await;
    // The child leaves its group and is deaf to polite requests.
    let (child, own) = (server.there("child"), server.there("own"));
    let script = format!(
        "echo before; setsid sh -c 'trap \"\" TERM; echo $$ > {child}; while :; do sleep 60; done' & \
         echo $$ > {own}; while :; do sleep 60; done"
    );
    let mut limit = Duration::from_secs(1);
    let output = loop {
        let output = shell.run(&script, b"", limit).await.unwrap();
        assert_eq!(output.exit, None);
        // On a busy computer it may not have come far.
        if Path::new(&child).exists() || limit > LIMIT {
            break output;
        }
        limit *= 4;
    };
    assert_eq!(text(&output), "before\n");
    until_gone(&written(Path::new(&own)).await).await;
    until_gone(&written(Path::new(&child)).await).await;
    assert!(run(&*shell, "true", b"").await.is_success());
}

#[tokio::test]
async fn a_command_that_nobody_waits_for_is_ended() {
    let server = Server::start();
    let shell = server.shell().await;
    let own = server.path("own");
    let script = format!("echo $$ > {}; while :; do sleep 60; done", own.display());
    let running = shell.run(&script, b"", LIMIT);
    let pid = tokio::select! {
        output = running => panic!("it stays: {output:?}"),
        pid = written(&own) => pid,
    };
    until_gone(&pid).await;
}

#[tokio::test]
async fn what_a_command_leaves_running_does_not_hold_it_up() {
    let server = Server::start();
    let shell = server.shell().await;
    let child = server.path("child");
    let script = format!(
        "sleep 60 & echo $! > {}; echo done; exit 4",
        child.display()
    );
    let hour = Duration::from_hours(1);
    let output = in_time(shell.run(&script, b"", hour)).await.unwrap();
    assert_eq!(output.exit, Some(Exit::Code(4)));
    assert_eq!(text(&output), "done\n");
    let child = written(&child).await;
    assert!(lives(&child), "nobody asked for its end");
    run(&*shell, &format!("kill {child}"), b"").await;
}

#[tokio::test]
async fn what_a_command_leaves_writing_does_not_hold_it_up() {
    let server = Server::start();
    let shell = server.shell().await;
    let script = "echo done; (while echo noise; do sleep 0.02; done) & exit 4";
    let hour = Duration::from_hours(1);
    let output = in_time(shell.run(script, b"", hour)).await.unwrap();
    assert_eq!(output.exit, Some(Exit::Code(4)));
    assert!(text(&output).starts_with("done\n"), "{output:?}");
}

#[tokio::test]
async fn more_commands_than_a_server_allows_at_once_all_run() {
    let server = Server::start();
    let shell = server.shell().await;
    let runs = (0..20).map(|number| {
        let shell = &*shell;
        async move {
            let script = format!("sleep 0.1; cat; exit {number}");
            let input = vec![b'a' + number; 100_000];
            let output = shell.run(&script, &input, LIMIT).await.unwrap();
            assert_eq!(output.exit, Some(Exit::Code(number.into())));
            assert!(output.stdout == input);
        }
    });
    in_time(futures_util::future::join_all(runs)).await;
}

#[tokio::test]
async fn commands_that_cannot_be_ended_politely_leave_room_for_others() {
    let server = Server::start_with(&Rules {
        lines: "MaxSessions 4",
        ..Rules::default()
    });
    let limits = SshLimits {
        sessions: 4,
        ..patient()
    };
    let shell = server.shell_with(limits).await;
    let deaf = "trap '' TERM; while :; do sleep 60; done";
    for _ in 0..3 {
        let runs = (0..3).map(|_| shell.run(deaf, b"", Duration::from_millis(500)));
        for output in futures_util::future::join_all(runs).await {
            assert_eq!(output.unwrap().exit, None);
        }
    }
}

#[tokio::test]
async fn a_script_that_ends_programs_by_their_words_does_not_end_itself() {
    let server = Server::start();
    let shell = server.shell().await;
    let mark = format!("word-{}", fastrand::u64(..));
    let script = format!(
        "sh -c 'sleep 600; : {mark}' & pkill -KILL -f {mark}; wait; \
         pgrep -f {mark} || echo \"$0 none 'left' \\\\ ${{MOSDAT_SCRIPT-unset}}\""
    );
    let output = run(&*shell, &script, b"").await;
    assert_eq!(output.exit, Some(Exit::Code(0)), "{output:?}");
    assert!(
        text(&output).ends_with("none 'left' \\ unset\n"),
        "{output:?}"
    );
}

#[tokio::test]
async fn a_command_that_starts_only_after_it_was_given_up_is_ended_too() {
    let server = Server::start_with(&Rules {
        lines: "ForceCommand case \"$SSH_ORIGINAL_COMMAND\" in *600*) echo $$; sleep 2;; esac; \
                eval \"$SSH_ORIGINAL_COMMAND\"",
        ..Rules::default()
    });
    let shell = server.shell().await;
    let limit = Duration::from_millis(300);
    let output = shell.run("exec sleep 600", b"", limit).await.unwrap();
    assert_eq!(output.exit, None);
    let pid = text(&output).trim().to_owned();
    assert!(!pid.is_empty() && !lives(&pid), "{output:?}");
}

#[tokio::test]
async fn a_full_server_is_no_lost_one() {
    let server = Server::start();
    let limits = SshLimits {
        sessions: 3,
        ..patient()
    };
    let shell = server.shell_with(limits).await;
    let (_, one) = shell.start("echo one; exec sleep 60", LIMIT).await.unwrap();
    let (_, _two) = shell.start("echo two; exec sleep 60", LIMIT).await.unwrap();
    let err = shell.run("true", b"", Duration::from_millis(300)).await;
    assert!(matches!(err, Err(ShellError::TimedOut { .. })), "{err:?}");
    drop(one);
    assert!(run(&*shell, "true", b"").await.is_success());
    assert_eq!(shell.lost(), None);
}

#[tokio::test]
async fn a_server_with_fewer_sessions_than_thought_says_so() {
    let server = Server::start_with(&Rules {
        lines: "MaxSessions 1",
        ..Rules::default()
    });
    let shell = server.shell().await;
    let (_, _one) = shell.start("echo one; exec sleep 60", LIMIT).await.unwrap();
    let err = shell.run("true", b"", LIMIT).await.unwrap_err();
    assert!(err.to_string().contains("MaxSessions"), "{err}");
}
