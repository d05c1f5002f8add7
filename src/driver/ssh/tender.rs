//! The task that looks after one channel.

use super::{
    connection::Link,
    ending::{self, Mark},
};
use crate::port::Exit;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig, client::Msg};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    pin,
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    time::{Instant, timeout},
};
use tokio_util::{bytes::Bytes, sync::CancellationToken};

/// How many bytes may wait for whoever should read them. `russh` lets the server send on as soon
/// as it has taken bytes in, so a channel that nobody reads ends at some point instead of filling
/// all memory.
const FLOOD: usize = 64 * 1024 * 1024;

/// What sends on a channel.
pub(super) type Writer = ChannelWriteHalf<Msg>;

/// What a channel is for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// A script for the login shell, with its mark put on.
    Command(String, Mark),
    /// A part of the server.
    Subsystem(&'static str),
    /// The socket at a path.
    Socket(String),
}

/// What came on a channel.
#[derive(Debug)]
pub(super) enum Inbound {
    /// The server does what was asked.
    Granted,
    /// The server does not.
    Denied,
    /// Output.
    Output(Bytes),
    /// Output to standard error.
    Errors(Bytes),
    /// The command has ended.
    Exit(Exit),
    /// There is no more output.
    Eof,
    /// Too much was waiting; the rest is not there.
    Flooded,
}

/// What the user of a channel holds of it.
pub(super) struct Ends {
    /// What came. It ends with the channel.
    pub(super) inbox: mpsc::UnboundedReceiver<Inbound>,
    /// How many bytes are in the inbox.
    pub(super) load: Arc<AtomicUsize>,
    /// What sends.
    pub(super) writer: Arc<Writer>,
    /// Has the command ended.
    pub(super) end: CancellationToken,
}

/// Opens a channel, gives its ends away, and looks after it until it is closed. Nobody need be
/// there any more to take them.
pub(super) async fn open(
    link: Arc<Link>,
    purpose: Purpose,
    slot: Option<OwnedSemaphorePermit>,
    give: oneshot::Sender<Result<Ends, russh::Error>>,
) {
    let opened = match &purpose {
        Purpose::Command(..) | Purpose::Subsystem(_) => link.open_session().await,
        Purpose::Socket(path) => link.handle.channel_open_direct_streamlocal(path).await,
    };
    match opened {
        Ok(channel) => {
            let (tender, ends) = Tender::new(link, channel, slot);
            // When nobody is there any more, the inbox is closed, which the tender notices.
            let _taken = give.send(Ok(ends));
            tender.run(purpose).await;
        }
        // When nobody is there any more, nobody wants to know.
        Err(err) => drop(give.send(Err(err))),
    }
}

struct Tender {
    link: Arc<Link>,
    read: ChannelReadHalf,
    writer: Arc<Writer>,
    inbox: mpsc::UnboundedSender<Inbound>,
    load: Arc<AtomicUsize>,
    end: CancellationToken,
    has_exited: bool,
    /// Free again when the server has closed the channel.
    _slot: Option<OwnedSemaphorePermit>,
}

impl Tender {
    fn new(
        link: Arc<Link>,
        channel: Channel<Msg>,
        slot: Option<OwnedSemaphorePermit>,
    ) -> (Self, Ends) {
        let (read, writer) = channel.split();
        let (sender, inbox) = mpsc::unbounded_channel();
        let ends = Ends {
            inbox,
            load: Arc::default(),
            writer: Arc::new(writer),
            end: CancellationToken::new(),
        };
        let tender = Self {
            link,
            read,
            writer: Arc::clone(&ends.writer),
            inbox: sender,
            load: Arc::clone(&ends.load),
            end: ends.end.clone(),
            has_exited: false,
            _slot: slot,
        };
        (tender, ends)
    }

    async fn run(mut self, purpose: Purpose) {
        let asked = match &purpose {
            Purpose::Command(script, _) => self.writer.exec(true, script.as_str()).await,
            Purpose::Subsystem(name) => self.writer.request_subsystem(true, *name).await,
            Purpose::Socket(_) => Ok(()),
        };
        // When the connection is lost, reading says so.
        drop(asked);
        if self.forward().await == State::Closed {
            return;
        }
        if let Purpose::Command(_, mark) = &purpose
            && !self.has_exited
            && self.end_command(mark).await == State::Closed
        {
            return;
        }
        let writer = Arc::clone(&self.writer);
        // When the connection is lost, reading says so.
        let close = async move { drop(writer.close().await) };
        if self.meanwhile(close).await == State::Open {
            self.closed_within(self.link.limits.answer).await;
        }
    }

    /// Hands on what comes, until nothing does or nobody wants the rest.
    async fn forward(&mut self) -> State {
        loop {
            let message = tokio::select! {
                biased;
                message = self.read.wait() => message,
                () = self.end.cancelled() => return State::Open,
                () = self.inbox.closed() => return State::Open,
            };
            let Some(message) = message else {
                return State::Closed;
            };
            if !self.hand_on(message) {
                return State::Open;
            }
        }
    }

    /// Has the command ended that nobody wants any more. It is looked for again for a while: a busy
    /// machine may start it only after it was looked for, and then it would run for good.
    async fn end_command(&mut self, mark: &Mark) -> State {
        let until = Instant::now() + self.link.limits.answer;
        loop {
            let (writer, link) = (Arc::clone(&self.writer), Arc::clone(&self.link));
            let end = async move {
                // When the connection is lost, reading says so.
                drop(writer.signal(Sig::TERM).await);
                ending::end_marked(&link, mark).await;
            };
            if self.meanwhile(end).await == State::Closed
                || self.closed_within(self.link.limits.ending).await == State::Closed
            {
                return State::Closed;
            }
            if self.has_exited || Instant::now() >= until {
                return State::Open;
            }
        }
    }

    /// Takes in what comes while `work` is done, to its end. Whoever sends has to wait for `russh`,
    /// which waits for whoever does not read.
    async fn meanwhile(&mut self, work: impl Future<Output = ()>) -> State {
        pin!(work);
        tokio::select! {
            biased;
            () = self.take_all() => {}
            () = &mut work => return State::Open,
        }
        work.await;
        State::Closed
    }

    /// Takes in what comes until the channel is closed, or `limit` has passed.
    async fn closed_within(&mut self, limit: Duration) -> State {
        match timeout(limit, self.take_all()).await {
            Ok(()) => State::Closed,
            Err(_) => State::Open,
        }
    }

    async fn take_all(&mut self) {
        while let Some(message) = self.read.wait().await {
            self.hand_on(message);
        }
    }

    /// Puts what came into the inbox; false when it is full.
    fn hand_on(&mut self, message: ChannelMsg) -> bool {
        let Some(inbound) = inbound(message) else {
            return true;
        };
        if let Inbound::Exit(_) = inbound {
            self.has_exited = true;
        }
        let weight = inbound.weight();
        if self.load.fetch_add(weight, Ordering::AcqRel) + weight > FLOOD {
            // It is too late to go on, so this stays true.
            self.load.fetch_add(FLOOD, Ordering::AcqRel);
            // Whoever should have read may be gone.
            let _sent = self.inbox.send(Inbound::Flooded);
            return false;
        }
        // Whoever should read may be gone; then the rest is taken in for nobody.
        let _sent = self.inbox.send(inbound);
        true
    }
}

/// What is the matter with a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The server has closed it, or the connection is lost.
    Closed,
    /// Something may still come.
    Open,
}

impl Inbound {
    /// Returns how many bytes it holds.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Output(bytes) | Self::Errors(bytes) => bytes.len(),
            Self::Granted | Self::Denied | Self::Exit(_) | Self::Eof | Self::Flooded => 0,
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most messages are for servers, and what `russh` adds says nothing here"
)]
fn inbound(message: ChannelMsg) -> Option<Inbound> {
    Some(match message {
        ChannelMsg::Success => Inbound::Granted,
        ChannelMsg::Failure => Inbound::Denied,
        ChannelMsg::Data { data } => Inbound::Output(data),
        ChannelMsg::ExtendedData { data, .. } => Inbound::Errors(data),
        ChannelMsg::ExitStatus { exit_status } => Inbound::Exit(Exit::Code(exit_status as i32)),
        ChannelMsg::ExitSignal { signal_name, .. } => {
            Inbound::Exit(Exit::Signal(signal_number(&signal_name)))
        }
        ChannelMsg::Eof | ChannelMsg::Close => Inbound::Eof,
        _ => return None,
    })
}

/// Returns the number that Linux has for a signal; 0 for one that has no name in the protocol.
fn signal_number(signal: &Sig) -> i32 {
    match signal {
        Sig::HUP => 1,
        Sig::INT => 2,
        Sig::QUIT => 3,
        Sig::ILL => 4,
        Sig::ABRT => 6,
        Sig::FPE => 8,
        Sig::KILL => 9,
        Sig::USR1 => 10,
        Sig::SEGV => 11,
        Sig::PIPE => 13,
        Sig::ALRM => 14,
        Sig::TERM => 15,
        Sig::Custom(name) => match name.as_str() {
            "TRAP" => 5,
            "BUS" => 7,
            "USR2" => 12,
            "XCPU" => 24,
            "XFSZ" => 25,
            "SYS" => 31,
            _ => 0,
        },
    }
}
