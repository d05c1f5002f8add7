//! One connection, and what everything on it shares.

use super::{
    SshLimits,
    channel::Channel,
    ending::Mark,
    line::Cut,
    loss::Loss,
    tender::{self, Purpose},
    watcher::{Noted, Watcher},
};
use crate::port::ShellError;
use russh::{
    ChannelOpenFailure, Disconnect,
    client::{Handle, Msg},
};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    runtime,
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task::JoinSet,
    time::{sleep, timeout},
};

/// How often a server without room for another session is asked again, and after how long.
const ASKED_AGAIN: u32 = 20;
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// A connection. It ends when the last of its users lets go of it.
pub(super) struct Connection {
    link: Arc<Link>,
    /// The tenders of its channels, which end with it.
    tenders: Mutex<JoinSet<()>>,
    cut: Cut,
}

/// What the tenders know of their connection.
pub(super) struct Link {
    pub(super) handle: Handle<Watcher>,
    pub(super) limits: SshLimits,
    /// One for each command or transfer that may run.
    slots: Arc<Semaphore>,
    /// Kept back for ending commands, so that those which do not end cannot be in the way.
    pub(super) last_slot: Semaphore,
    noted: Arc<Noted>,
}

impl Link {
    /// Returns what tells the loss of the connection.
    pub(super) fn loss(&self) -> &Loss {
        &self.noted.loss
    }

    /// Opens a session. OpenSSH has room again for another one a moment after it has closed one,
    /// and nothing tells when, so it is asked again.
    pub(super) async fn open_session(&self) -> Result<russh::Channel<Msg>, russh::Error> {
        let denied = ChannelOpenFailure::ConnectFailed;
        for _ in 0..ASKED_AGAIN {
            match self.handle.channel_open_session().await {
                Err(russh::Error::ChannelOpenFailure(why)) if why == denied => {
                    sleep(ASK_AGAIN).await;
                }
                opened => return opened,
            }
        }
        self.handle.channel_open_session().await
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("lost", &self.loss().why())
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Takes over a connection whose user is let in.
    pub(super) fn new(
        handle: Handle<Watcher>,
        noted: Arc<Noted>,
        limits: SshLimits,
        cut: Cut,
    ) -> Arc<Self> {
        let link = Link {
            handle,
            limits,
            slots: Arc::new(Semaphore::new(limits.sessions.saturating_sub(1).max(1))),
            last_slot: Semaphore::new(1),
            noted,
        };
        Arc::new(Self {
            link: Arc::new(link),
            tenders: Mutex::default(),
            cut,
        })
    }

    /// Returns what tells the loss of the connection.
    pub(super) fn loss(&self) -> &Loss {
        self.link.loss()
    }

    /// Returns how long the machine may take.
    pub(super) fn limits(&self) -> &SshLimits {
        &self.link.limits
    }

    /// Has the login shell start `script`. When as many commands run as the server allows, waits up
    /// to `wait` for one of them to end.
    pub(super) async fn command(
        self: &Arc<Self>,
        script: &str,
        wait: Duration,
    ) -> Result<Channel, ShellError> {
        let mark = Mark::fresh();
        let purpose = Purpose::Command(mark.put_on(script), mark);
        let mut channel = self.session(purpose, wait).await?;
        if channel.granted().await? {
            return Ok(channel);
        }
        Err(remote(
            "run a command",
            "the server runs none for this user",
        ))
    }

    /// Opens the subsystem called `name`; `None` when the server has none.
    pub(super) async fn subsystem(
        self: &Arc<Self>,
        name: &'static str,
    ) -> Result<Option<Channel>, ShellError> {
        let wait = self.limits().silence;
        let mut channel = self.session(Purpose::Subsystem(name), wait).await?;
        Ok(channel.granted().await?.then_some(channel))
    }

    /// Connects to the socket at `path` on the machine.
    pub(super) async fn socket(self: &Arc<Self>, path: &str) -> Result<Channel, OpenError> {
        self.open(Purpose::Socket(path.into()), None).await
    }

    async fn session(
        self: &Arc<Self>,
        purpose: Purpose,
        wait: Duration,
    ) -> Result<Channel, ShellError> {
        let slot = timeout(wait, Arc::clone(&self.link.slots).acquire_owned());
        let Ok(slot) = self.loss().unless_lost(slot).await? else {
            return Err(ShellError::TimedOut {
                what: "have room for another session".into(),
                limit: wait,
            });
        };
        let slot = slot.expect("it is never closed");
        match self.open(purpose, Some(slot)).await {
            Ok(channel) => Ok(channel),
            Err(OpenError::Shell(err)) => Err(err),
            // What OpenSSH says when its `MaxSessions` is reached.
            Err(OpenError::Denied(ChannelOpenFailure::ConnectFailed)) => Err(remote(
                "open a session",
                "the server has no room for another one (`MaxSessions`)",
            )),
            Err(OpenError::Denied(why)) => Err(remote("open a session", &words(&why))),
        }
    }

    async fn open(
        self: &Arc<Self>,
        purpose: Purpose,
        slot: Option<OwnedSemaphorePermit>,
    ) -> Result<Channel, OpenError> {
        if let Some(err) = self.loss().error() {
            return Err(err.into());
        }
        let (give, take) = oneshot::channel();
        let limit = self.limits().answer;
        self.spawn(tender::open(Arc::clone(&self.link), purpose, slot, give));
        match timeout(limit, take).await {
            Ok(Ok(Ok(ends))) => Ok(Channel::new(Arc::clone(self), ends)),
            Ok(Ok(Err(russh::Error::ChannelOpenFailure(why)))) => Err(OpenError::Denied(why)),
            Ok(Ok(Err(err))) => Err(self.failure("open a channel", &err).into()),
            Ok(Err(_)) => Err(self
                .failure("open a channel", &russh::Error::Disconnect)
                .into()),
            Err(_) => Err(OpenError::Shell(ShellError::TimedOut {
                what: "open a channel".into(),
                limit,
            })),
        }
    }

    /// Returns what an error of `russh` in the midst of things means.
    fn failure(&self, what: &str, err: &russh::Error) -> ShellError {
        let lost = self.loss().error();
        lost.unwrap_or_else(|| remote(what, &err.to_string()))
    }

    /// Has a task of the connection's do `work`. It is given up when the connection ends, and when
    /// the program does.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let Ok(runtime) = runtime::Handle::try_current() else {
            return;
        };
        let mut tenders = self.tenders.lock().unwrap_or_else(PoisonError::into_inner);
        while tenders.try_join_next().is_some() {}
        tenders.spawn_on(work, &runtime);
    }

    /// Waits until the server has answered twice. What it had to tell before came before.
    pub(super) async fn round_trips(&self) {
        for _ in 0..2 {
            // A lost connection is told to whoever waits for what has to come.
            let _lost = self.link.handle.send_ping().await;
        }
    }

    /// Ends the connection, politely if that is quick.
    pub(super) async fn close(&self) {
        self.loss().tell("it was closed".into());
        let end = async {
            let handle = &self.link.handle;
            // When it is lost already there is nobody to tell.
            let _told = handle.disconnect(Disconnect::ByApplication, "", "").await;
            self.loss().over().await;
        };
        if timeout(self.limits().ending, end).await.is_err() {
            self.cut.now();
            // It comes at once, but for a mistake in `russh`.
            drop(timeout(self.limits().ending, self.loss().over()).await);
        }
    }
}

/// A channel could not be opened.
#[derive(Debug)]
pub(super) enum OpenError {
    /// The server would not.
    Denied(ChannelOpenFailure),
    /// The server could not be asked.
    Shell(ShellError),
}

impl From<ShellError> for OpenError {
    fn from(err: ShellError) -> Self {
        Self::Shell(err)
    }
}

/// Says why a server would not open a channel.
pub(super) fn words(why: &ChannelOpenFailure) -> String {
    match why {
        ChannelOpenFailure::AdministrativelyProhibited => "the server does not allow it".into(),
        ChannelOpenFailure::ConnectFailed => {
            "nothing answers there, or the server does not pass it on".into()
        }
        ChannelOpenFailure::UnknownChannelType => "the server cannot do that".into(),
        ChannelOpenFailure::ResourceShortage => "the server is short of resources".into(),
        ChannelOpenFailure::Other { reason, .. } => reason.clone(),
    }
}

/// Returns what the machine refused.
pub(super) fn remote(what: &str, why: &str) -> ShellError {
    ShellError::Remote {
        what: what.into(),
        why: why.trim().into(),
    }
}
