//! A machine with an open session.

use super::{AccessibilityTree, ProviderError, Screen};
use crate::model::{LayerKind, LayerName, Outcome, Package, Point, Rect, Session};
use async_trait::async_trait;
use std::{collections::BTreeMap, fmt, path::Path, sync::Arc, time::Duration};

/// A machine with an open session, held under a lease.
///
/// Dropping it without [`Guest::close`] must not leave processes behind: a driver that panics or a
/// step that is cut short takes this way.
#[async_trait]
pub trait Guest: fmt::Debug + Send + Sync {
    /// Returns the kind of session that is open.
    fn session(&self) -> Session;

    /// Says how many times as long things take here as on a machine of its own: 1, unless its
    /// processor is emulated. Time-outs of scenarios are multiplied by it, so that a slow machine
    /// is not taken for an app that does nothing.
    fn slowness(&self) -> u32;

    /// Installs a package from `file`. A package that cannot be installed is a failed outcome; a
    /// machine that cannot be reached is an error.
    async fn install(&self, package: &Package, file: &Path) -> Result<Outcome, ProviderError>;

    /// Removes a package that was installed, with the machine's own tools.
    async fn uninstall(&self, package: &Package) -> Result<Outcome, ProviderError>;

    /// Keeps the machine as it is now as a layer. Keeping one that is there already is no error.
    /// Afterwards the machine can only be closed: it may have had to stop for it.
    async fn keep(&self, layer: &LayerName, kind: LayerKind) -> Result<(), ProviderError>;

    /// Says what became of the machine, when it cannot be used any more: whatever was seen on it
    /// lately proves nothing.
    async fn lost(&self) -> Option<String>;

    /// Collects what may tell why something went wrong: logs, processes, environment. Takes what
    /// can still be had, within a time of its own, and never fails.
    async fn evidence(&self) -> Vec<Finding>;

    /// Returns the path of a program of the installed package, as the machine knows it.
    fn program_path(&self, path: &str) -> String;

    /// Returns the variables of the session, as a program started in it sees them.
    fn environment(&self) -> BTreeMap<String, String>;

    /// Runs a command to its end, or ends it with all its children when `limit` has passed.
    async fn run(&self, command: &Command, limit: Duration) -> Result<Output, ProviderError>;

    /// Starts a program that stays.
    async fn start(&self, command: &Command) -> Result<Box<dyn Process>, ProviderError>;

    /// Returns the windows that show now.
    async fn windows(&self) -> Result<Vec<Window>, ProviderError>;

    /// Returns the window that lies on top at a point of the screen; `None` where there is none, or
    /// nobody can tell.
    async fn window_at(&self, point: Point) -> Result<Option<Window>, ProviderError>;

    /// Gives the focus to the first window whose title has `title` in it, and returns once it has it.
    async fn focus(&self, title: &str) -> Result<(), ProviderError>;

    /// Returns the screen. One session serves all callers.
    async fn screen(&self) -> Result<Arc<dyn Screen>, ProviderError>;

    /// Returns the accessibility tree. One session serves all callers.
    async fn tree(&self) -> Result<Arc<dyn AccessibilityTree>, ProviderError>;

    /// Ends the session and every process of it, and waits until they are gone.
    async fn close(self: Box<Self>) -> Result<(), ProviderError>;
}

/// A file that may tell why something went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is, with its ending: `journal.txt`.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// A program and how to start it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// The program, then its arguments.
    pub argv: Vec<String>,
    /// Variables that differ from the session's: set, or removed by `None`.
    pub env: BTreeMap<String, Option<String>>,
}

impl Command {
    /// Returns the command that has a shell run `text`.
    pub fn shell(text: &str) -> Self {
        Self {
            argv: vec!["sh".into(), "-c".into(), text.into()],
            env: BTreeMap::new(),
        }
    }

    /// Returns the command that has a shell run `text`, which stands in no command line: a text that
    /// ends programs by their words (`pkill -f`) would end itself.
    pub fn script(text: &str) -> Self {
        let mut command = Self::shell(RUN_SCRIPT);
        command.env.insert(SCRIPT.into(), Some(text.into()));
        command
    }
}

/// The variable in which a shell finds what [`Command::script`] has it run.
pub const SCRIPT: &str = "MOSDAT_SCRIPT";

/// Runs what is in that variable, of which nothing else sees anything.
const RUN_SCRIPT: &str =
    "mosdat_script=$MOSDAT_SCRIPT; unset MOSDAT_SCRIPT; eval \"$mosdat_script\"";

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// How it ended; `None` when its time was up.
    pub exit: Option<Exit>,
    /// The end of what it wrote to standard output and standard error, as it came.
    pub text: String,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(126) => f.write_str("exited with 126: it is not executable"),
            Self::Code(127) => f.write_str("exited with 127: it was not found"),
            Self::Code(code) => write!(f, "exited with {code}"),
            Self::Signal(number) => match signal_name(*number) {
                Some(name) => write!(f, "was ended by {name}"),
                None => write!(f, "was ended by signal {number}"),
            },
        }
    }
}

/// Returns the name of a signal on Linux.
fn signal_name(number: i32) -> Option<&'static str> {
    Some(match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        31 => "SIGSYS",
        _ => return None,
    })
}

/// A program that stays.
#[async_trait]
pub trait Process: fmt::Debug + Send + Sync {
    /// Waits until it has ended; an error when the machine was lost first, and nobody knows. May be
    /// called again and dropped at any time.
    async fn wait(&self) -> Result<Exit, ProviderError>;

    /// Returns how it ended, when it has.
    fn exit(&self) -> Option<Exit>;

    /// Returns its process id, where the machine has such.
    fn pid(&self) -> Option<u32>;

    /// Returns the ids of it and of everything it started that runs now: once it has ended, its own
    /// is not among them. `None` where the machine does not know them or its windows tell ids of
    /// another kind.
    async fn family(&self) -> Result<Option<Vec<u32>>, ProviderError> {
        Ok(None)
    }

    /// Returns the end of what it wrote so far.
    fn output(&self) -> String;

    /// Ends it and all its children, and waits until they are gone.
    async fn end(&self);
}

/// A window that shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its title.
    pub title: String,
    /// Class or application id.
    pub app_id: String,
    /// The process it belongs to, where known.
    pub pid: Option<u32>,
    /// Where its content lies on the screen, without the frame and title bar that the window
    /// system puts around it and without its shadow, where known.
    pub rect: Option<Rect>,
}
