//! A machine of which only the login is made up: its desktop is a private one, its programs are
//! real.

use super::shell::HereShell;
use crate::machine::machine;
use async_trait::async_trait;
use mosdat::{
    driver::{
        atspi::AtspiDialer,
        linux::{Limits, LinuxConfig, LinuxGuest},
        local::{self, LocalConfig, LocalProvider},
    },
    model::{Keyboard, Layer, LeaseId, MachineName, ProviderKind, RunId, Session},
    port::{
        Command, Console, Guest, Output, Provider, ProviderError, Screen, ScreenAddress,
        ScreenDialer, ScreenError, Wanted, Window,
    },
};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Stdio},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

/// Long enough for anything on a busy computer.
pub(super) const LONG: Duration = Duration::from_secs(20);

/// What the session of a machine without a desktop tells.
const PLAIN: [(&str, &str); 2] = [
    ("LANG", "C.UTF-8"),
    ("EXTRA", "it's\ntwo \\lines \"$HOME\""),
];

/// A machine.
pub(super) struct Machine {
    pub(super) dir: TempDir,
    pub(super) shell: HereShell,
    pub(super) session: Session,
    pub(super) limits: Limits,
    desktop: Option<Box<dyn Guest>>,
    programs: Vec<Child>,
}

impl Machine {
    /// A machine without a desktop, whose session knows a few variables.
    pub(super) fn plain() -> Self {
        let machine = Self::without_session(Session::None);
        machine.tell(
            &PLAIN
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        );
        machine
    }

    /// A machine whose user's service manager does not know any variable.
    pub(super) fn without_session(session: Session) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["bin", "home", "run", "desktop"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let path = |name: &str| dir.path().join(name).display().to_string();
        let env = [
            ("PATH", format!("{}:/usr/bin:/bin", path("bin"))),
            ("HOME", path("home")),
            ("XDG_RUNTIME_DIR", path("run")),
            ("SSH_CONNECTION", "10.0.2.2 40000 10.0.2.15 22".into()),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value));
        let machine = Self {
            shell: HereShell::new(env.into()),
            dir,
            session,
            limits: Limits::default(),
            desktop: None,
            programs: Vec::new(),
        };
        let answer = machine.dir.path().join("manager.json");
        machine.program("busctl", &format!("exec cat '{}'", answer.display()));
        let programs = machine.programs_file();
        fs::write(&programs, "").unwrap();
        machine.program("grep", &search(&programs));
        machine
    }

    /// A machine with a desktop. Its user's service manager knows where it shows things, and a
    /// program of the session knows more.
    pub(super) async fn with_desktop(session: Session) -> Self {
        let mut machine = Self::without_session(session);
        let desktop = machine.open_desktop().await;
        let mut all = desktop.environment();
        machine.desktop = Some(desktop);
        let later = ["SWAYSOCK", "GSETTINGS_BACKEND"];
        let known = all.extract_if(.., |name, _| !later.contains(&name.as_str()));
        let known: BTreeMap<String, String> = known.collect();
        all.extend(known.clone());
        machine.session_program(&all);
        machine.tell(&known);
        machine
    }

    async fn open_desktop(&self) -> Box<dyn Guest> {
        let dir = self.dir.path().join("desktop");
        let provider = LocalProvider::new(LocalConfig {
            work_dir: dir.join("work"),
            layers_dir: dir.join("layers"),
            environment: BTreeMap::from([("PATH".into(), std::env::var("PATH").unwrap())]),
            screens: Arc::new(NoScreens),
            trees: Arc::new(AtspiDialer),
            limits: local::Limits::default(),
        });
        let lease = LeaseId::new(&RunId::new("run"), 1);
        let machine = machine(ProviderKind::Local, self.session);
        let wanted = Wanted::plain(&machine, &Layer::Base, &lease);
        provider.open(&wanted).await.unwrap()
    }

    /// Has the user's service manager know these variables, and no others.
    pub(super) fn tell(&self, variables: &BTreeMap<String, String>) {
        let data = variables
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let answer = serde_json::json!({"type": "as", "data": data.collect::<Vec<_>>()});
        let file = self.dir.path().join("manager.json");
        fs::write(file, answer.to_string()).unwrap();
    }

    /// Starts a program of the session, which knows these variables.
    pub(super) fn session_program(&mut self, variables: &BTreeMap<String, String>) {
        let mut command = std::process::Command::new("sleep");
        command.arg("1000").env_clear().envs(variables);
        let program = command.stdin(Stdio::null()).spawn().unwrap();
        // It is there a moment before its variables are.
        let file = format!("/proc/{}/environ", program.id());
        while fs::read(&file).unwrap().is_empty() {
            std::thread::yield_now();
        }
        let programs = fs::read_to_string(self.programs_file()).unwrap();
        fs::write(self.programs_file(), programs + &file + "\n").unwrap();
        self.programs.push(program);
    }

    /// The file that lists what shows the variables of the session's programs.
    fn programs_file(&self) -> std::path::PathBuf {
        self.dir.path().join("programs")
    }

    /// Ends the programs of the session; the desktop stays.
    pub(super) fn without_programs(mut self) -> Self {
        for mut program in self.programs.drain(..) {
            program.kill().unwrap();
            program.wait().unwrap();
        }
        self
    }

    /// The process that shows everything: of the desktop's, the one that is an X server.
    pub(super) fn display_server(&self) -> u32 {
        let needle = format!("MOSDAT_LEASE={}", self.dir.path().display());
        let pids = fs::read_dir("/proc").unwrap().flatten();
        let mut pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let is_server = |pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let mut variables = environment.split(|byte| *byte == 0);
            let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
            variables.any(|variable| variable.starts_with(needle.as_bytes()))
                && program.ends_with("Xtigervnc")
        };
        pids.find(is_server).unwrap()
    }

    /// Puts a script where programs are found first.
    pub(super) fn program(&self, name: &str, script: &str) {
        write_script(&self.dir.path().join("bin").join(name), script);
    }

    /// Makes the machine's session know where its programs are.
    pub(super) fn path_var(&self) -> (String, String) {
        ("PATH".into(), self.shell.env["PATH"].clone())
    }

    pub(super) fn config(&self, shell: Arc<HereShell>) -> LinuxConfig {
        LinuxConfig {
            machine: MachineName::new("there"),
            shell,
            session: self.session,
            user: "tester".into(),
            trees: Arc::new(AtspiDialer),
            limits: self.limits,
        }
    }

    /// Logs in. What is returned first keeps the machine.
    pub(super) async fn log_in(self) -> LoggedIn {
        self.try_log_in().await.unwrap()
    }

    pub(super) async fn try_log_in(mut self) -> Result<LoggedIn, ProviderError> {
        let blank = HereShell::new(self.shell.env.clone());
        let shell = Arc::new(std::mem::replace(&mut self.shell, blank));
        let guest = LinuxGuest::log_in(self.config(Arc::clone(&shell))).await?;
        Ok(LoggedIn {
            guest,
            shell,
            machine: self,
        })
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for program in &mut self.programs {
            program.kill().unwrap();
            program.wait().unwrap();
        }
    }
}

/// A machine that is logged in to.
pub(super) struct LoggedIn {
    pub(super) guest: LinuxGuest,
    pub(super) shell: Arc<HereShell>,
    pub(super) machine: Machine,
}

impl LoggedIn {
    pub(super) async fn shell(&self, text: &str) -> Output {
        self.guest.run(&Command::shell(text), LONG).await.unwrap()
    }

    /// Waits until a window with this title shows.
    pub(super) async fn window(&self, title: &str) -> Window {
        loop {
            let windows = self.guest.windows().await.unwrap();
            if let Some(found) = windows.into_iter().find(|window| window.title == title) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Returns a `grep` that searches among processes only those of the session. Others on this
/// computer know displays as well, other tests' above all.
fn search(programs: &Path) -> String {
    format!(
        "PATH=/usr/bin:/bin\n\
         case $1 in -lsz) grep \"$@\" | grep -Fxf '{}' ;; *) exec grep \"$@\" ;; esac",
        programs.display()
    )
}

pub(super) fn write_script(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Returns a command of these words.
pub(super) fn command<const N: usize>(argv: [&str; N]) -> Command {
    Command {
        argv: argv.map(str::to_owned).into(),
        env: BTreeMap::new(),
    }
}

/// Whether a process lives and has not ended unasked.
pub(super) fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[derive(Debug)]
struct NoScreens;

#[async_trait]
impl ScreenDialer for NoScreens {
    async fn dial(&self, _: &ScreenAddress, _: Keyboard) -> Result<Arc<dyn Screen>, ScreenError> {
        Err(ScreenError::Closed)
    }

    async fn dial_console(&self, _: Arc<dyn Console>) -> Result<Arc<dyn Screen>, ScreenError> {
        Err(ScreenError::Closed)
    }
}
