//! A Linux machine with an open session, as a provider hands it on.
//!
//! Screen and layers are the provider's: they belong to what the machine is made of.

use super::{
    display::{self, Display},
    evidence,
    install::Installation,
    program::LinuxProgram,
    remote::Remote,
    session::{self, KnownSession, Told},
};
use crate::{
    model::{MachineName, Outcome, Package, Point, Session},
    port::{
        AccessibilityTree, BusAddress, Command, Finding, Output, Process, ProviderError, Screen,
        Shell, Sockets, TreeDialer, Window,
    },
};
use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::OnceCell,
    time::{Instant, sleep, timeout},
};

/// What it takes to use a Linux machine.
#[derive(Clone, Debug)]
pub struct LinuxConfig {
    /// The machine, for messages.
    pub machine: MachineName,
    /// A login as the user whose session it is.
    pub shell: Arc<dyn Shell>,
    /// The kind of session that is to be open.
    pub session: Session,
    /// The user, for messages.
    pub user: String,
    /// Connects to accessibility buses.
    pub trees: Arc<dyn TreeDialer>,
    /// How long things may take.
    pub limits: Limits,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until the session is open.
    pub session: Duration,
    /// Until a window manager is at work in a session of X11, once its display answers. A session
    /// that has none is open without.
    pub manager: Duration,
    /// Any question, and the start of a program.
    pub answer: Duration,
    /// Installing a package.
    pub install: Duration,
    /// Everything that is collected as evidence.
    pub evidence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            session: Duration::from_mins(2),
            manager: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            install: Duration::from_mins(10),
            evidence: Duration::from_secs(30),
        }
    }
}

/// A Linux machine with an open session.
#[derive(Debug)]
pub struct LinuxGuest {
    config: LinuxConfig,
    remote: Remote,
    known: KnownSession,
    display: Display,
    screen: Option<Arc<dyn Screen>>,
    tree: OnceCell<Arc<dyn AccessibilityTree>>,
    /// Commands that have ended; programs they started may still write.
    ended: Mutex<Vec<LinuxProgram>>,
}

/// The longest that a machine is left to wait for its session without a word.
const WORDLESS: Duration = Duration::from_secs(10);

/// How often a display that does not answer is asked again.
const PACE: Duration = Duration::from_millis(250);

impl LinuxGuest {
    /// Waits until the session is open and its display answers.
    pub async fn log_in(config: LinuxConfig) -> Result<Self, ProviderError> {
        let remote = Remote {
            machine: config.machine.clone(),
            shell: Arc::clone(&config.shell),
        };
        let deadline = Instant::now() + config.limits.session;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let why = match find_session(&config, &remote, left.min(WORDLESS)).await? {
                Ok((known, display)) => return Ok(Self::new(config, remote, known, display)),
                Err(why) => why,
            };
            if Instant::now() >= deadline {
                return Err(ProviderError::Start {
                    machine: config.machine,
                    what: format!("the session of `{}`", config.user),
                    why: format!("{why}, after {} s", config.limits.session.as_secs()),
                });
            }
            sleep(PACE).await;
        }
    }

    /// Takes up a session that is known already, and makes sure that its display answers.
    pub async fn take_up(config: LinuxConfig, known: KnownSession) -> Result<Self, ProviderError> {
        let remote = Remote {
            machine: config.machine.clone(),
            shell: Arc::clone(&config.shell),
        };
        let display = Display::of(config.session, &known, &remote)?;
        let guest = Self::new(config, remote, known, display);
        guest.answers().await?;
        Ok(guest)
    }

    fn new(config: LinuxConfig, remote: Remote, known: KnownSession, display: Display) -> Self {
        Self {
            config,
            remote,
            known,
            display,
            screen: None,
            tree: OnceCell::new(),
            ended: Mutex::default(),
        }
    }

    /// Returns what is known of the session, for whoever goes on from it later.
    pub fn known_session(&self) -> KnownSession {
        self.known.clone()
    }

    /// Takes the screen that the session shows on. Where a compositor does not tell where windows
    /// are, the picture does.
    #[must_use]
    pub fn with_screen(mut self, screen: Arc<dyn Screen>) -> Self {
        self.screen = Some(screen);
        self
    }

    /// Returns the kind of session that is open.
    pub fn session(&self) -> Session {
        self.config.session
    }

    /// Returns the variables of the session, as a program started in it sees them.
    pub fn environment(&self) -> BTreeMap<String, String> {
        self.known.variables.clone()
    }

    /// Returns once the display has answered; an error when it does not, or when the machine was
    /// lost.
    pub async fn answers(&self) -> Result<(), ProviderError> {
        self.remote.alive()?;
        let limit = self.config.limits.answer;
        match timeout(limit, self.display.answers()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(err)) => Err(self.silent_display(&err)),
            Err(_) => Err(self.remote.timed_out("show that its display works", limit)),
        }
    }

    /// Installs a package from `file`: with the package's `install` command, which runs in `/tmp`,
    /// where the file then lies, or with the distribution's own tool. A package that is refused, or
    /// that does not bring its program, is a failed outcome.
    pub async fn install(&self, package: &Package, file: &Path) -> Result<Outcome, ProviderError> {
        self.installation(package).install(file).await
    }

    /// Removes a package that was installed, with its `uninstall` command.
    pub async fn uninstall(&self, package: &Package) -> Result<Outcome, ProviderError> {
        self.installation(package).uninstall().await
    }

    /// Runs a command to its end in the session, or ends it with all its children when `limit` has
    /// passed. What it leaves running stays.
    pub async fn run(&self, command: &Command, limit: Duration) -> Result<Output, ProviderError> {
        let program = self.spawn(command).await?;
        let exit = match timeout(limit, program.wait()).await {
            Ok(exit) => Some(exit?),
            Err(_) => None,
        };
        if exit.is_none() {
            program.end().await;
        }
        let text = program.output();
        self.hold(program);
        // What a command did on a machine that is gone is not what it does on one that works.
        self.answers().await?;
        Ok(Output { exit, text })
    }

    /// Starts a program that stays in the session.
    pub async fn start(&self, command: &Command) -> Result<Box<dyn Process>, ProviderError> {
        Ok(Box::new(self.spawn(command).await?))
    }

    /// Returns the windows that show now.
    pub async fn windows(&self) -> Result<Vec<Window>, ProviderError> {
        self.remote.alive()?;
        let limit = self.config.limits.answer;
        match timeout(limit, self.display.windows()).await {
            Ok(None) => Err(self.remote.unable("tell its windows")),
            Ok(Some(Ok(windows))) => Ok(windows),
            Ok(Some(Err(err))) => Err(self.silent_display(&err)),
            Err(_) => Err(self.remote.timed_out("list its windows", limit)),
        }
    }

    /// Returns the window that lies on top at a point of the screen, where that can be told.
    pub async fn window_at(&self, point: Point) -> Result<Option<Window>, ProviderError> {
        self.remote.alive()?;
        let limit = self.config.limits.answer;
        match timeout(limit, self.display.window_at(point)).await {
            Ok(Ok(window)) => Ok(window),
            Ok(Err(err)) => Err(self.silent_display(&err)),
            Err(_) => Err(self.remote.timed_out("list its windows", limit)),
        }
    }

    /// Gives the focus to the first window whose title has `title` in it.
    pub async fn focus(&self, title: &str) -> Result<(), ProviderError> {
        self.remote.alive()?;
        let limit = self.config.limits.answer;
        let what = format!("give the focus to a window `{title}`");
        match timeout(limit, self.display.focus(title)).await {
            Ok(None | Some(Ok(false))) => Err(self.remote.unable(what)),
            Ok(Some(Ok(true))) => Ok(()),
            Ok(Some(Err(err))) => Err(self.silent_display(&err)),
            Err(_) => Err(self.remote.timed_out(&what, limit)),
        }
    }

    /// Returns the accessibility tree. One connection serves all callers.
    pub async fn tree(&self) -> Result<Arc<dyn AccessibilityTree>, ProviderError> {
        self.remote.alive()?;
        if self.config.session == Session::None {
            return Err(self.remote.unable("show widgets"));
        }
        let address = BusAddress {
            sockets: Arc::clone(&self.config.shell) as Arc<dyn Sockets>,
            session_bus: self.session_bus(),
            uid: self.known.uid,
        };
        let dial = async || {
            let dialer = &self.config.trees;
            match self.display.origins(self.screen.clone()) {
                None => dialer.dial(&address).await,
                Some(origins) => dialer.dial_among(&address, origins).await,
            }
        };
        match self.tree.get_or_try_init(dial).await {
            Ok(tree) => Ok(Arc::clone(tree)),
            Err(err) => {
                self.remote.alive()?;
                Err(err.into())
            }
        }
    }

    /// Collects what may tell why something went wrong. Takes what can be had within its limit and
    /// never fails.
    pub async fn evidence(&self) -> Vec<Finding> {
        evidence::findings(
            &self.remote,
            &self.known.variables,
            self.config.limits.evidence,
        )
        .await
    }

    /// Returns once everything that was written is on the machine's disk.
    pub async fn sync(&self) -> Result<(), ProviderError> {
        let what = "write everything to its disk";
        let limit = self.config.limits.install;
        let output = self.remote.ask(what, "exec sync", limit).await?;
        if output.is_success() {
            return Ok(());
        }
        Err(self.remote.not_run("sync", output.stderr.trim()))
    }

    /// Sets the machine's clock to so long after the Unix epoch, as its administrator.
    pub async fn set_time(&self, now: Duration) -> Result<(), ProviderError> {
        let what = "set its clock";
        let script = format!("exec sudo -n date -u -s @{:.3}", now.as_secs_f64());
        let limit = self.config.limits.answer;
        let output = self.remote.ask(what, &script, limit).await?;
        if output.is_success() {
            return Ok(());
        }
        Err(self.remote.not_run("date", output.stderr.trim()))
    }

    /// Ends the login. What runs on the machine goes on.
    pub async fn close(&self) {
        self.config.shell.close().await;
    }

    async fn spawn(&self, command: &Command) -> Result<LinuxProgram, ProviderError> {
        self.answers().await?;
        let mut env = self.known.variables.clone();
        for (name, value) in &command.env {
            match value {
                Some(value) => env.insert(name.clone(), value.clone()),
                None => env.remove(name),
            };
        }
        let limit = self.config.limits.answer;
        LinuxProgram::start(&self.remote, &command.argv, &env, None, limit).await
    }

    /// Lets what a command started go on writing.
    fn hold(&self, program: LinuxProgram) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.push(program);
    }

    fn installation<'a>(&'a self, package: &'a Package) -> Installation<'a> {
        Installation {
            package,
            remote: &self.remote,
            variables: &self.known.variables,
            limits: self.config.limits,
        }
    }

    fn session_bus(&self) -> String {
        let variable = |name: &str| self.known.variables.get(name).cloned();
        variable("DBUS_SESSION_BUS_ADDRESS").unwrap_or_else(|| {
            let folder = variable("XDG_RUNTIME_DIR").unwrap_or_default();
            format!("unix:path={folder}/bus")
        })
    }

    /// Returns what it means that a display does not answer.
    fn silent_display(&self, err: &io::Error) -> ProviderError {
        match self.remote.alive() {
            Err(lost) => lost,
            Ok(()) => self
                .remote
                .lost(format!("its display does not answer: {err}")),
        }
    }
}

type Found = (KnownSession, Display);

/// Looks for the session and asks its display; otherwise says why it is not open.
async fn find_session(
    config: &LinuxConfig,
    remote: &Remote,
    patience: Duration,
) -> Result<Result<Found, String>, ProviderError> {
    let (session, limit) = (config.session, config.limits.answer);
    let script = session::script(session, patience);
    let what = "tell the variables of its session";
    let told = remote.ask(what, &script, limit + patience).await?;
    let Some(told) = Told::parse(&told.stdout) else {
        return Ok(Err(format!("it did not {what}: {}", told.stderr.trim())));
    };
    let variables = match told.variables(session) {
        Ok(variables) => variables,
        Err(why) => return Ok(Err(why)),
    };
    let x_secret = match session {
        Session::X11 => display::x_secret(&variables, remote, limit).await?,
        Session::Wayland | Session::None => None,
    };
    let known = KnownSession {
        uid: told.uid,
        variables,
        x_secret,
    };
    let display = Display::of(session, &known, remote)?;
    let manager = config.limits.manager;
    let answer = timeout(limit + manager, async {
        display.answers().await?;
        display.managed(manager).await
    });
    let answer = answer.await;
    remote.alive()?;
    Ok(match answer {
        Ok(Ok(())) => Ok((known, display)),
        Ok(Err(err)) => Err(format!("its display does not answer: {err}")),
        Err(_) => Err(format!(
            "its display has not answered within {} s",
            limit.as_secs()
        )),
    })
}
