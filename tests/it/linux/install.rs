//! Packages: brought to the machine, handed to its tools, and believed only when their program is
//! there.

use super::machine::{LoggedIn, Machine, write_script};
use crate::package::package;
use mosdat::{
    model::{Outcome, Package, Verdict},
    port::ProviderError,
};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// A package's file, which is gone from the machine when this is.
struct Brought(PathBuf);

impl Brought {
    fn new(there: &LoggedIn, ending: &str) -> Self {
        let number: u64 = fastrand::u64(..);
        let file = there
            .machine
            .dir
            .path()
            .join(format!("it's-{number:x}.{ending}"));
        fs::write(&file, "a package").unwrap();
        Self(file)
    }

    fn there(&self) -> PathBuf {
        Path::new("/tmp").join(self.0.file_name().unwrap())
    }
}

impl Drop for Brought {
    fn drop(&mut self) {
        drop(fs::remove_file(self.there()));
    }
}

async fn with_tools(tools: &[(&str, &str)]) -> LoggedIn {
    let machine = Machine::plain();
    for (name, script) in tools {
        machine.program(name, script);
    }
    machine.tell(&[machine.path_var()].into());
    machine.log_in().await
}

async fn install(there: &LoggedIn, package: &Package) -> Result<Outcome, ProviderError> {
    let file = Brought::new(there, "deb");
    there.guest.install(package, &file.0).await
}

#[tokio::test]
async fn a_plan_files_command_installs_in_the_folder_where_the_file_is() {
    let there = with_tools(&[]).await;
    let file = Brought::new(&there, "deb");
    let program = there.machine.dir.path().join("notes");
    let mut package = package("other");
    package.app_path = Some(program.display().to_string());
    let place = program.display();
    package.install =
        format!("pwd && cat /tmp/{{file}} {{file}} > '{place}' && chmod +x '{place}'");
    let outcome = there.guest.install(&package, &file.0).await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Passed, "{}", outcome.detail);
    assert_eq!(fs::read(&program).unwrap(), b"a packagea package");
    // The package stays what it is called: tools look at the ending.
    assert_eq!(fs::read(file.there()).unwrap(), b"a package");
}

#[tokio::test]
async fn a_tool_that_refuses_a_package_fails_it_in_its_own_words() {
    let there = with_tools(&[(
        "apt-get",
        "echo \"$*\"; echo E: not a package >&2; exit 100",
    )])
    .await;
    let outcome = install(&there, &package("deb")).await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Failed);
    let detail = outcome.detail;
    assert!(
        detail.starts_with("`apt-get` exited with 100\n"),
        "{detail}"
    );
    assert!(detail.ends_with("E: not a package"), "{detail}");
    assert!(
        detail.contains("install -y") && detail.contains("./it's-"),
        "{detail}"
    );
    assert!(detail.contains("DPkg::Lock::Timeout="), "{detail}");
}

#[tokio::test]
async fn a_program_that_is_not_there_afterwards_fails_the_package() {
    let there = with_tools(&[("apt-get", "exit 0")]).await;
    let file = there.machine.dir.path().join("plain");
    fs::write(&file, "").unwrap();
    let mut package = package("deb");
    for (path, why) in [
        (
            "/nowhere/notes",
            "after the installation there is no `/nowhere/notes`",
        ),
        (file.to_str().unwrap(), "is not executable"),
        ("no-such-program", "there is no `no-such-program`"),
    ] {
        package.app_path = Some(path.into());
        let outcome = install(&there, &package).await.unwrap();
        assert_eq!(outcome.verdict, Verdict::Failed);
        assert!(outcome.detail.contains(why), "{}", outcome.detail);
    }
    package.app_path = Some("env".into());
    let outcome = install(&there, &package).await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Passed, "{}", outcome.detail);
}

#[tokio::test]
async fn what_stands_in_a_tools_way_says_nothing_about_the_package() {
    let asks = "echo 'sudo: a password is required' >&2; exit 1";
    let unreachable = "echo 'Temporary failure resolving example.org'; exit 100";
    for (tools, format, why) in [
        (
            &[("id", "echo 1000"), ("sudo", asks)][..],
            "deb",
            "become root",
        ),
        (&[("apt-get", unreachable)][..], "deb", "`closed`"),
        (&[][..], "snap", "not there"),
    ] {
        let there = with_tools(tools).await;
        let err = install(&there, &package(format)).await.unwrap_err();
        assert!(matches!(err, ProviderError::Install { .. }), "{err}");
        assert!(err.to_string().contains(why), "{err}");
    }
}

#[tokio::test]
async fn an_unknown_format_needs_a_command() {
    let there = with_tools(&[]).await;
    let unable = |err: ProviderError| assert!(matches!(err, ProviderError::Unable { .. }), "{err}");
    unable(install(&there, &package("exe")).await.unwrap_err());
    unable(there.guest.uninstall(&package("deb")).await.unwrap_err());
}

#[tokio::test]
async fn an_installation_that_hangs_is_an_error_and_ended() {
    let mut machine = Machine::plain();
    machine.limits.install = Duration::from_secs(1);
    let pid = machine.dir.path().join("pid");
    let there = machine.log_in().await;
    let mut package = package("deb");
    package.install = format!(
        "setsid -f sh -c 'echo $$ > {}; sleep 1031'; wait; sleep 1031",
        pid.display()
    );
    let err = install(&there, &package).await.unwrap_err();
    assert!(matches!(err, ProviderError::TimedOut { .. }), "{err}");
    let pid = fs::read_to_string(pid).unwrap();
    assert!(!super::machine::lives(pid.trim().parse().unwrap()));
}

#[tokio::test]
async fn a_single_program_is_put_where_it_is_expected() {
    let there = with_tools(&[]).await;
    let file = there.machine.dir.path().join("Notes.AppImage");
    write_script(&file, "echo from one file");
    let place = there.machine.dir.path().join("opt/notes/run");
    let mut package = package("appimage");
    package.app_path = Some(place.display().to_string());
    let outcome = there.guest.install(&package, &file).await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Passed, "{}", outcome.detail);
    let output = there.shell(place.to_str().unwrap()).await;
    assert_eq!(output.text, "from one file\n");
    drop(fs::remove_file("/tmp/Notes.AppImage"));
}

#[tokio::test]
async fn a_package_is_removed_by_its_command() {
    let there = with_tools(&[]).await;
    let mut package = package("deb");
    package.uninstall = "echo gone".into();
    let outcome = there.guest.uninstall(&package).await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Passed);
    package.uninstall = "echo it is needed; exit 2".into();
    let outcome = there.guest.uninstall(&package).await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Failed);
    assert!(
        outcome.detail.ends_with("exited with 2\nit is needed"),
        "{}",
        outcome.detail
    );
}

#[tokio::test]
async fn a_package_that_cannot_be_read_is_an_error() {
    let there = with_tools(&[]).await;
    let missing = there.machine.dir.path().join("missing.deb");
    let err = there
        .guest
        .install(&package("deb"), &missing)
        .await
        .unwrap_err();
    assert!(matches!(err, ProviderError::Install { .. }), "{err}");
}
