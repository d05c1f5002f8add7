//! Programs: what they are given arrives, who they are and how they end is told exactly, and they
//! end with all they started.

use super::machine::{LONG, LoggedIn, Machine, command, lives, write_script};
use mosdat::port::{Command, Exit};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

async fn plain() -> LoggedIn {
    Machine::plain().log_in().await
}

#[tokio::test]
async fn a_programs_words_and_variables_arrive_as_they_are() {
    for login in ["bash", "dash"] {
        let mut machine = Machine::plain();
        machine.shell.login = login;
        let there = machine.log_in().await;
        let odd = "a b\n\t'\"`$(id)\\ \\' ;&|<>*?~#!=é";
        let mut wanted = there.guest.environment();
        let printing = ["printf", "%s|", odd, "", "-n", odd];
        let mut command = command(printing);
        command.env.insert("ODD".into(), Some(odd.into()));
        command.env.insert("LANG".into(), None);
        let output = there.guest.run(&command, LONG).await.unwrap();
        assert_eq!(output.text, format!("{odd}||-n|{odd}|"));
        command.argv = ["env", "-0"].map(str::to_owned).into();
        let output = there.guest.run(&command, LONG).await.unwrap();
        wanted.insert("ODD".into(), odd.into());
        wanted.remove("LANG");
        let mut seen: std::collections::BTreeMap<String, String> = output
            .text
            .split_terminator('\0')
            .map(|entry| entry.split_once('=').unwrap())
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        assert!(seen.remove("MOSDAT_TREE").is_some());
        assert_eq!(seen, wanted, "with {login}");
    }
}

#[tokio::test]
async fn a_program_with_an_odd_name_is_started() {
    let there = plain().await;
    for name in ["a=b", "-x y", "it's"] {
        let path = there.machine.dir.path().join(name);
        write_script(&path, "echo \"$1\"");
        let command = command([path.to_str().unwrap(), "here"]);
        let output = there.guest.run(&command, LONG).await.unwrap();
        assert_eq!(output.text, "here\n", "{name}");
    }
}

#[tokio::test]
async fn ends_are_told_exactly() {
    let there = plain().await;
    for (text, exit) in [
        ("exit 0", Exit::Code(0)),
        ("exit 7", Exit::Code(7)),
        ("exit 137", Exit::Code(137)),
        ("kill -s KILL $$", Exit::Signal(9)),
        ("kill -s TRAP $$", Exit::Signal(5)),
    ] {
        let output = there.shell(&format!("echo before; {text}")).await;
        assert_eq!(
            (output.exit, output.text.as_str()),
            (Some(exit), "before\n")
        );
        let program = there.guest.start(&Command::shell(text)).await.unwrap();
        assert_eq!(program.wait().await.unwrap(), exit);
        assert_eq!(program.exit(), Some(exit));
    }
}

#[tokio::test]
async fn a_program_that_cannot_be_started_ends_as_a_shell_tells_it() {
    let there = plain().await;
    let file = there.machine.dir.path().join("plain.txt");
    fs::write(&file, "no program").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    for (program, code) in [
        ("/nowhere/notes", 127),
        ("no-such-program", 127),
        (file.to_str().unwrap(), 126),
    ] {
        let program = there.guest.start(&command([program])).await.unwrap();
        assert_eq!(program.wait().await.unwrap(), Exit::Code(code));
        assert!(!program.output().is_empty());
    }
    let err = there.guest.start(&Command::default()).await.unwrap_err();
    assert!(err.to_string().contains("no program is named"), "{err}");
    let err = there
        .guest
        .start(&command(["echo", "a\0b"]))
        .await
        .unwrap_err();
    assert!(err.to_string().contains("cannot be given a NUL"), "{err}");
}

#[tokio::test]
async fn a_programs_id_is_its_own_and_its_family_is_all_it_started() {
    let there = plain().await;
    let text = "echo $$; sleep 1011 & echo $!; setsid -f sh -c 'echo $$; exec sleep 1012'; \
        env -i sleep 1013 & echo $!; wait";
    let program = there.guest.start(&Command::shell(text)).await.unwrap();
    while program.output().lines().count() < 4 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let output = program.output();
    let mut told: Vec<u32> = output.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(program.pid(), Some(told[0]));
    let mut family = program.family().await.unwrap().unwrap();
    told.sort_unstable();
    family.sort_unstable();
    assert_eq!(family, told);
    // They stay its family when it is gone.
    there
        .shell(&format!("kill -s KILL {}", program.pid().unwrap()))
        .await;
    program.wait().await.unwrap();
    let left = program.family().await.unwrap().unwrap();
    assert_eq!(left.len(), 3, "{left:?}");
    program.end().await;
    assert!(!told.into_iter().any(lives));
}

#[tokio::test]
async fn ending_a_program_ends_all_it_started_and_waits_for_it() {
    let there = plain().await;
    let text = "trap '' TERM; setsid -f sh -c 'trap \"\" TERM; echo $$; sleep 1014; sleep 1015'; \
        echo $$; while :; do sleep 0.1; done";
    let program = there.guest.start(&Command::shell(text)).await.unwrap();
    while program.output().lines().count() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut told = program
        .output()
        .lines()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    let family = program.family().await.unwrap().unwrap();
    told.extend(family.iter().map(ToString::to_string));
    program.end().await;
    assert_eq!(program.exit(), Some(Exit::Signal(9)));
    assert!(
        !told.iter().any(|pid| lives(pid.parse().unwrap())),
        "{told:?}"
    );
    assert_eq!(program.family().await.unwrap(), Some(Vec::new()));
    // Once more does no harm.
    program.end().await;
}

#[tokio::test]
async fn a_command_whose_time_is_up_ends_with_all_it_started() {
    let there = plain().await;
    let command = Command::shell("sleep 1016 & setsid -f sleep 1016; echo $!; wait");
    let output = there
        .guest
        .run(&command, Duration::from_secs(1))
        .await
        .unwrap();
    assert_eq!(output.exit, None);
    assert!(!lives(output.text.trim().parse().unwrap()));
}

#[tokio::test]
async fn a_command_that_leaves_something_running_ends_all_the_same() {
    let there = plain().await;
    let output = there.shell("sleep 1017 & echo $!; exit 4").await;
    assert_eq!(output.exit, Some(Exit::Code(4)));
    let left: u32 = output.text.trim().parse().unwrap();
    assert!(lives(left));
    there.shell(&format!("kill {left}")).await;
}

#[tokio::test]
async fn programs_start_in_the_users_home() {
    let there = plain().await;
    let output = there.shell("pwd").await;
    let home = there.machine.dir.path().join("home");
    assert_eq!(Path::new(output.text.trim()), home);
}
