//! Tests of trees of processes.

use mosdat::{
    driver::process::{
        LEASE_VARIABLE, OnLine, ProcessTree, Spawn, SpawnError, end_marked, end_naming, spawn,
    },
    port::Exit,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Mutex},
};

const PATH: &str = "/usr/bin:/bin";

fn shell(text: &str) -> Spawn {
    let mut spawn = Spawn::new(["sh", "-c", text]);
    spawn.env.insert("PATH".into(), PATH.into());
    spawn
}

fn start(text: &str) -> ProcessTree {
    spawn(shell(text), None).unwrap()
}

/// Collects lines, and lets a test await one.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>, Arc<tokio::sync::Notify>);

impl Seen {
    fn on_line(&self) -> OnLine {
        let seen = self.clone();
        Arc::new(move |line| {
            seen.0.lock().unwrap().push(line.into());
            seen.1.notify_one();
        })
    }

    /// Waits for a line with this start and returns the rest of it.
    async fn line(&self, start: &str) -> String {
        loop {
            let found = self.0.lock().unwrap().iter().find_map(|line| {
                let rest = line.strip_prefix(start)?;
                Some(rest.to_owned())
            });
            match found {
                Some(rest) => return rest,
                None => self.1.notified().await,
            }
        }
    }
}

/// Whether a process lives; one that has ended and was not asked how does not.
fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| &rest[..1]);
    !matches!(state, None | Some("Z" | "X"))
}

async fn until_gone(pid: &str) {
    while lives(pid) {
        tokio::task::yield_now().await;
    }
}

/// Leaves its group and its parent, ignores a polite request, and tells its id.
const STUBBORN: &str =
    "(setsid sh -c 'trap \"\" TERM; echo stubborn $$; while :; do sleep 60; done' &); ";

#[tokio::test]
async fn exits_are_told_truly() {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("plain");
    fs::write(&plain, "no program").unwrap();
    let not_executable = format!("exec {}", plain.display());
    for (text, exit) in [
        ("exit 0", Exit::Code(0)),
        ("exit 3", Exit::Code(3)),
        (&not_executable, Exit::Code(126)),
        ("no-such-program-here", Exit::Code(127)),
        ("kill -SEGV $$", Exit::Signal(11)),
        ("kill -KILL $$", Exit::Signal(9)),
    ] {
        let tree = start(text);
        assert_eq!(tree.wait().await, exit, "{text}");
        assert_eq!(tree.wait().await, exit, "asked again");
        assert_eq!(tree.exit(), Some(exit));
    }
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("plain");
    fs::write(&plain, "no program").unwrap();
    let error = |spawned: Spawn| spawn(spawned, None).unwrap_err();

    let missing = error(Spawn::new(["no-such-program-here"]));
    assert!(matches!(missing, SpawnError::Missing { .. }));
    assert!(missing.to_string().contains("`no-such-program-here`"));

    let not_executable = error(Spawn::new([plain.to_str().unwrap()]));
    assert!(matches!(not_executable, SpawnError::NotExecutable { .. }));

    let mut nowhere = shell("true");
    nowhere.dir = Some(dir.path().join("nowhere"));
    assert!(matches!(error(nowhere), SpawnError::Folder { .. }));

    fs::set_permissions(&plain, fs::Permissions::from_mode(0o755)).unwrap();
    let refused = error(Spawn::new([plain.to_str().unwrap()]));
    assert!(matches!(refused, SpawnError::Refused { .. }), "{refused}");

    assert!(matches!(error(Spawn::default()), SpawnError::Nothing));
}

#[tokio::test]
async fn nothing_of_the_environment_is_inherited() {
    let mut spawned = shell("env");
    spawned.env.insert("GREETING".into(), "hello".into());
    spawned.marker = Some("run-7".into());
    let tree = spawn(spawned, None).unwrap();
    tree.wait().await;
    let output = tree.output();
    let mut names: Vec<_> = output
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        // The shell's own.
        .filter(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name))
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["GREETING", LEASE_VARIABLE, "MOSDAT_TREE", "PATH"]);
    assert!(output.contains("MOSDAT_LEASE=run-7\n"));
}

#[tokio::test]
async fn everything_written_before_the_end_is_there_after_it() {
    let seen = Seen::default();
    // The child keeps the output open for longer than the program lives.
    let text = "sleep 60 & for i in $(seq 500); do echo out $i; echo err $i >&2; done; printf end";
    let tree = spawn(shell(text), Some(seen.on_line())).unwrap();
    assert_eq!(tree.wait().await, Exit::Code(0));
    let lines = seen.0.lock().unwrap().clone();
    assert_eq!(lines.len(), 1001);
    assert_eq!(lines[998..], ["out 500", "err 500", "end"]);
    assert!(tree.output().ends_with("out 500\nerr 500\nend"));
}

#[tokio::test]
async fn a_flood_of_output_is_kept_to_its_end() {
    let tree = start("yes | head -c 5000000; echo last");
    tree.wait().await;
    let output = tree.output();
    assert!(output.len() <= 64 * 1024, "{}", output.len());
    assert!(output.ends_with("y\nlast\n"));
}

#[tokio::test]
async fn waiting_may_be_given_up_and_shared() {
    let seen = Seen::default();
    let text = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done";
    let tree = spawn(shell(text), Some(seen.on_line())).unwrap();
    seen.line("ready").await;
    assert_eq!(futures_util::FutureExt::now_or_never(tree.wait()), None);
    assert_eq!(tree.exit(), None);
    let (one, other, ()) = tokio::join!(tree.wait(), tree.wait(), tree.end());
    assert_eq!((one, other), (Exit::Code(5), Exit::Code(5)));
}

#[tokio::test]
async fn a_child_that_left_and_is_deaf_is_gone_after_the_end() {
    let seen = Seen::default();
    let text = format!("{STUBBORN} echo polite $$; sleep 60");
    let tree = spawn(shell(&text), Some(seen.on_line())).unwrap();
    let child = seen.line("stubborn ").await;
    assert!(lives(&child));
    tree.end().await;
    assert!(!lives(&child));
    assert_eq!(tree.exit(), Some(Exit::Signal(15)));
}

#[tokio::test]
async fn a_child_that_outlives_the_program_is_gone_after_the_end() {
    let seen = Seen::default();
    // Its environment tells nothing: only that it was seen in the group.
    let hidden = "env -i /bin/sh -c 'echo hidden $$; exec sleep 60' & sleep 60";
    let tree = spawn(shell(hidden), Some(seen.on_line())).unwrap();
    let child = seen.line("hidden ").await;
    let root = rustix::process::Pid::from_raw(tree.pid() as i32).unwrap();
    rustix::process::kill_process(root, rustix::process::Signal::KILL).unwrap();
    assert_eq!(tree.wait().await, Exit::Signal(9));
    assert!(lives(&child));
    tree.end().await;
    assert!(!lives(&child));
}

#[tokio::test]
async fn dropping_a_tree_kills_all_of_it() {
    let seen = Seen::default();
    let tree = spawn(
        shell(&format!("{STUBBORN} echo polite $$; sleep 60")),
        Some(seen.on_line()),
    )
    .unwrap();
    let child = seen.line("stubborn ").await;
    let root = tree.pid().to_string();
    drop(tree);
    until_gone(&child).await;
    until_gone(&root).await;
}

#[tokio::test]
async fn two_trees_of_one_lease_end_apart() {
    let start = || {
        let mut spawned = shell("sleep 60");
        spawned.marker = Some("shared".into());
        spawn(spawned, None).unwrap()
    };
    let (one, other) = (start(), start());
    one.end().await;
    assert!(lives(&other.pid().to_string()));
    other.end().await;
}

#[tokio::test]
async fn only_marked_processes_are_ended_by_their_mark() {
    let marker = format!("test-{}", std::process::id());
    let (marked_lines, similar_lines) = (Seen::default(), Seen::default());
    let mut marked = shell(&format!("{STUBBORN} sleep 60"));
    marked.marker = Some(marker.clone());
    let marked = spawn(marked, Some(marked_lines.on_line())).unwrap();
    let mut similar = shell(&format!("echo {LEASE_VARIABLE}={marker}; exec sleep 60"));
    similar.marker = Some(format!("{marker}0"));
    let similar = spawn(similar, Some(similar_lines.on_line())).unwrap();
    let unmarked = start("exec sleep 60");
    let child = marked_lines.line("stubborn ").await;
    similar_lines.line(LEASE_VARIABLE).await;

    // The shell, its sleep, the stubborn shell and its sleep. Some may not have started yet.
    assert!(end_marked(&marker).await >= 3);
    assert!(!lives(&child));
    assert_eq!(marked.wait().await, Exit::Signal(15));
    assert_eq!(end_marked(&marker).await, 0);
    for survivor in [&similar, &unmarked] {
        assert!(lives(&survivor.pid().to_string()));
        survivor.end().await;
    }
}

#[tokio::test]
async fn a_listener_that_panics_costs_its_program_only() {
    let tree = spawn(
        shell("echo first; sleep 60"),
        Some(Arc::new(|_: &str| panic!("a faulty listener"))),
    )
    .unwrap();
    assert_eq!(tree.wait().await, Exit::Signal(9));
    assert!(!lives(&tree.pid().to_string()));
}

#[tokio::test]
async fn root_can_start_a_program_as_someone_else() {
    if !rustix::process::geteuid().is_root() || !Path::new("/usr/bin/id").exists() {
        return;
    }
    let mut spawned = shell("id -u; id -g; id -G");
    spawned.uid_gid = Some((65534, 65534));
    let tree = spawn(spawned, None).unwrap();
    tree.wait().await;
    assert_eq!(tree.output(), "65534\n65534\n65534\n");
}

#[tokio::test]
async fn what_names_a_token_is_ended_and_nothing_else() {
    let token = format!("/nowhere/{}-{:p}", std::process::id(), &PATH);
    let named = start(&format!("exec sleep 1000 # {token}"));
    let inner = shell("exec sh -c 'sleep 1000' \"$0\"");
    let mut inner = inner;
    inner.argv.push(format!("{token}/root"));
    let inner = spawn(inner, None).unwrap();
    let other = start("exec sleep 1000");
    assert!(end_naming(&format!("{token}x")).await == 0);
    // `exec` has another command line than the shell that it was written in.
    assert_eq!(end_naming(&token).await, 1);
    assert!(matches!(inner.wait().await, Exit::Signal(_)));
    assert_eq!(other.exit(), None);
    assert_eq!(named.exit(), None);
}
