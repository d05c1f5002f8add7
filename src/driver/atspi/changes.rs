//! Listens for events, and counts them.
//!
//! It does not say what changed: events of one change come in any order, and often more than
//! once. An event means "look again".

use super::{bus::Bus, failure::Failure};
use crate::port::TreeError;
use futures_util::{StreamExt, stream};
use tokio::{sync::watch, task::JoinSet};
use zbus::{MatchRule, MessageStream, message::Type};

/// What programs are asked to tell.
const EVENTS: &[&str] = &[
    "object:children-changed",
    "object:state-changed",
    "object:property-change",
    "object:text-changed",
    "object:bounds-changed",
    "window:",
];

/// Where it is told.
const INTERFACES: &[&str] = &[
    "org.a11y.atspi.Event.Object",
    "org.a11y.atspi.Event.Window",
    "org.a11y.atspi.Cache",
];

/// How many events may wait while we are busy. A full queue would hold back answers, too.
const QUEUE: usize = 4096;

/// The count of events on a bus.
#[derive(Debug)]
pub(super) struct Changes {
    count: watch::Receiver<u64>,
    /// Empties the queue for as long as this lives.
    _listener: JoinSet<()>,
}

impl Changes {
    /// Starts to listen.
    pub(super) async fn listen(bus: &Bus) -> Result<Self, Failure> {
        let mut streams = Vec::new();
        for interface in INTERFACES {
            let rule = MatchRule::builder()
                .msg_type(Type::Signal)
                .interface(*interface)?;
            let connection = bus.connection();
            streams
                .push(MessageStream::for_match_rule(rule.build(), connection, Some(QUEUE)).await?);
        }
        let (counter, count) = watch::channel(0);
        let mut listener = JoinSet::new();
        listener.spawn(drain(streams, counter));
        for event in EVENTS {
            bus.register(event).await?;
        }
        Ok(Self {
            count,
            _listener: listener,
        })
    }

    pub(super) fn generation(&self) -> u64 {
        *self.count.borrow()
    }

    /// Waits for a count above `since`.
    pub(super) async fn after(&self, since: u64) -> Result<(), TreeError> {
        let mut count = self.count.clone();
        let changed = count.wait_for(|count| *count > since).await;
        match changed {
            Ok(_) => Ok(()),
            Err(_) => Err(TreeError::Lost("it closed the connection".into())),
        }
    }
}

/// Counts until the bus is lost, and gives up the counter then.
async fn drain(streams: Vec<MessageStream>, counter: watch::Sender<u64>) {
    let mut events = stream::select_all(streams);
    while let Some(Ok(_)) = events.next().await {
        counter.send_modify(|count| *count += 1);
    }
}
