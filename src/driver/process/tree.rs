//! A tree of processes that was started, and everything that can be asked of it.
//!
//! Takes no input: what is started here reads nothing.

use super::{
    members::{Mark, Members, PATIENCE},
    output::{Lines, OnLine, Tail},
};
use crate::port::{self, Exit, ProviderError};
use async_trait::async_trait;
use std::{
    io,
    os::{fd::OwnedFd, unix::process::ExitStatusExt},
    process::ExitStatus,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{net::unix::pipe, process::Child, sync::watch, task::JoinSet};

/// A program that was started, with all its children. Dropping it kills them all at once.
#[derive(Debug)]
pub struct ProcessTree {
    members: Arc<Members>,
    tail: Tail,
    exit: watch::Receiver<Option<Exit>>,
    has_ended: AtomicBool,
    /// Holds the one task that watches; it ends with the tree.
    watcher: JoinSet<()>,
}

impl ProcessTree {
    pub(super) fn watch(
        child: Child,
        mark: &Mark,
        reader: io::PipeReader,
        on_line: Option<OnLine>,
    ) -> io::Result<Self> {
        let root = child.id().expect("nobody has waited for it yet");
        let members = Arc::new(Members::new(root, mark));
        let tail = Tail::default();
        let (sender, exit) = watch::channel(None);
        let mut tree = Self {
            members: Arc::clone(&members),
            tail: tail.clone(),
            exit,
            has_ended: AtomicBool::new(false),
            watcher: JoinSet::new(),
        };
        // From here on a failure drops the tree, which ends what was started.
        let pipe = pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?;
        let watcher = Watcher {
            pipe,
            lines: Lines::new(tail, on_line),
            members,
            sender,
        };
        tree.watcher.spawn(watcher.run(child));
        Ok(tree)
    }

    /// Returns the process id of the program itself.
    pub fn pid(&self) -> u32 {
        self.members.root()
    }

    /// Waits until the program itself has ended; its children may live on. Everything it wrote
    /// has been kept and handed on by then. May be called again, from several tasks, and dropped
    /// at any time.
    pub async fn wait(&self) -> Exit {
        if let Some(exit) = self.exited().await {
            return exit;
        }
        // Whoever receives the lines panicked. Nobody reads the output any more, so that the
        // program could hang for ever.
        self.end().await;
        Exit::Signal(rustix::process::Signal::KILL.as_raw())
    }

    /// Returns how the program itself ended, when it has.
    pub fn exit(&self) -> Option<Exit> {
        *self.exit.borrow()
    }

    /// Returns the last 64 KiB that the tree wrote so far.
    pub fn output(&self) -> String {
        self.tail.text()
    }

    /// Asks the program and all its children to end, makes them after a short while, and waits
    /// until they are gone.
    pub async fn end(&self) {
        self.members.end().await;
        self.has_ended.store(true, Ordering::Release);
        // All are gone, so this comes at once; but for a process that hangs in the kernel.
        if tokio::time::timeout(PATIENCE, self.exited()).await.is_err() {
            tracing::warn!(pid = self.pid(), "a program could not be ended");
        }
    }

    /// Waits for the end; `None` when nobody watches any more.
    async fn exited(&self) -> Option<Exit> {
        let mut exit = self.exit.clone();
        let exit = exit.wait_for(Option::is_some).await;
        exit.ok().and_then(|exit| *exit)
    }
}

impl Drop for ProcessTree {
    fn drop(&mut self) {
        if !self.has_ended.load(Ordering::Acquire) {
            self.members.kill();
        }
    }
}

#[async_trait]
impl port::Process for ProcessTree {
    async fn wait(&self) -> Result<Exit, ProviderError> {
        Ok(Self::wait(self).await)
    }

    fn exit(&self) -> Option<Exit> {
        Self::exit(self)
    }

    fn pid(&self) -> Option<u32> {
        Some(Self::pid(self))
    }

    async fn family(&self) -> Result<Option<Vec<u32>>, ProviderError> {
        Ok(Some(self.members.pids()))
    }

    fn output(&self) -> String {
        Self::output(self)
    }

    async fn end(&self) {
        Self::end(self).await;
    }
}

/// Reads what the tree writes, and waits for the program.
struct Watcher {
    pipe: pipe::Receiver,
    lines: Lines,
    members: Arc<Members>,
    sender: watch::Sender<Option<Exit>>,
}

/// More than this does not fit into a pipe.
const PIPE: usize = 1024 * 1024;

impl Watcher {
    async fn run(mut self, mut child: Child) {
        let status = loop {
            tokio::select! {
                status = child.wait() => break status,
                () = self.read() => {}
            }
        };
        self.members.root_was_reaped();
        self.drain();
        self.sender.send_replace(Some(exit_of(status.ok())));
        // Children that live on may still write.
        self.read().await;
    }

    /// Reads until nobody can write any more, and then waits for ever.
    async fn read(&mut self) {
        let mut buffer = vec![0; 16 * 1024];
        while self.pipe.readable().await.is_ok() {
            match self.pipe.try_read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => self.lines.push(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        self.lines.flush();
        std::future::pending::<()>().await;
    }

    /// Reads what is in the pipe already. Asks the system itself: Tokio hears of it only later.
    fn drain(&mut self) {
        let mut buffer = vec![0; 16 * 1024];
        let mut total = 0;
        while let Ok(count @ 1..) = rustix::io::read(&self.pipe, &mut buffer) {
            self.lines.push(&buffer[..count]);
            total += count;
            // A child that lives on and writes without end must not hide the program's end.
            if total >= PIPE {
                break;
            }
        }
        self.lines.flush();
    }
}

fn exit_of(status: Option<ExitStatus>) -> Exit {
    let Some(status) = status else {
        // How it ended is not known, which must not look like success.
        return Exit::Code(-1);
    };
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or_default()),
    }
}
