//! An open screen, as its users see it. What happens on the connection is the owner's affair.

use super::{
    VncLimits,
    canvas::Canvas,
    owner::{self, Command, Start},
    way::Way,
};
use crate::{
    model::{Frame, FrameSeq, Keyboard},
    port::{Clock, Input, Screen, ScreenError},
};
use async_trait::async_trait;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
};

/// How many commands may wait for the owner.
const COMMANDS: usize = 16;

/// An open screen. Dropping it ends the session and lets go of what is held down.
#[derive(Debug)]
pub struct VncSession {
    shared: Arc<Shared>,
    pulse: watch::Receiver<Pulse>,
    commands: mpsc::Sender<Command>,
    keyboard: Keyboard,
    /// Holds the owner, which ends with the session.
    _owner: JoinSet<()>,
}

/// What the owner shares with the users.
#[derive(Debug, Default)]
pub(super) struct Shared {
    canvas: Mutex<Canvas>,
}

impl Shared {
    /// Returns the picture; whoever has it must not wait for anything.
    pub(super) fn canvas(&self) -> MutexGuard<'_, Canvas> {
        self.canvas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What wakes the users of a screen.
#[derive(Clone, Debug, Default)]
pub(super) struct Pulse {
    /// The newest frame, 0 before the first.
    pub(super) seq: FrameSeq,
    /// Whether the connection broke and is being made again.
    pub(super) is_broken: bool,
    /// Why there will be no other.
    pub(super) lost: Option<ScreenError>,
}

/// The owner's end of the pulse. However the owner ends, its users learn of it.
#[derive(Debug)]
pub(super) struct Heart(watch::Sender<Pulse>);

impl Heart {
    /// Tells of a new frame.
    pub(super) fn beat(&self, seq: FrameSeq) {
        self.0.send_modify(|pulse| {
            pulse.seq = seq;
            pulse.is_broken = false;
        });
    }

    /// Tells that there is no picture until the connection is made again.
    pub(super) fn pause(&self) {
        self.0.send_modify(|pulse| pulse.is_broken = true);
    }

    /// Returns the newest frame's number.
    pub(super) fn seq(&self) -> FrameSeq {
        self.0.borrow().seq
    }

    /// Tells why there will be no other frame.
    pub(super) fn stop(&self, why: ScreenError) {
        self.0.send_modify(|pulse| {
            pulse.lost.get_or_insert(why);
        });
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        // Only a panic gets here without a reason.
        self.stop(ScreenError::Protocol(
            "the session broke down, which is a mistake in mosdat or in vnc-rs".into(),
        ));
    }
}

impl VncSession {
    /// Starts a session on a connected socket. It is open after [`Self::first_picture`].
    pub(super) fn start(
        way: Way,
        keyboard: Keyboard,
        limits: VncLimits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let shared = Arc::new(Shared::default());
        let (heart, pulse) = watch::channel(Pulse::default());
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let start = Start {
            way,
            keyboard,
            limits,
            clock,
            shared: Arc::clone(&shared),
            heart: Heart(heart),
        };
        let mut owner = JoinSet::new();
        owner.spawn(owner::run(start, inbox));
        Self {
            shared,
            pulse,
            commands,
            keyboard,
            _owner: owner,
        }
    }

    /// Waits for the first whole picture.
    pub(super) async fn first_picture(&self) -> Result<(), ScreenError> {
        self.newer_than(FrameSeq(0)).await
    }

    async fn newer_than(&self, after: FrameSeq) -> Result<(), ScreenError> {
        let mut pulse = self.pulse.clone();
        let ended = pulse.wait_for(|pulse| pulse.seq > after || pulse.lost.is_some());
        // The owner says why before it ends.
        let pulse = ended.await.map_err(|_| ScreenError::Closed)?;
        pulse.lost.clone().map_or(Ok(()), Err)
    }

    fn newest(&self, since: Option<FrameSeq>) -> Result<Frame, ScreenError> {
        // An old picture of a lost screen is not what is on it.
        if let Some(why) = &self.pulse.borrow().lost {
            return Err(why.clone());
        }
        let frame = self.shared.canvas().frame(since);
        Ok(frame.expect("a session is given out with its first picture"))
    }

    async fn command<T>(
        &self,
        make: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, ScreenError> {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(make(reply)).await.is_ok()
            && let Ok(answer) = answer.await
        {
            return Ok(answer);
        }
        let lost = self.pulse.borrow().lost.clone();
        Err(lost.unwrap_or(ScreenError::Closed))
    }
}

#[async_trait]
impl Screen for VncSession {
    async fn frame(&self) -> Result<Frame, ScreenError> {
        let mut pulse = self.pulse.clone();
        let whole = pulse.wait_for(|pulse| !pulse.is_broken || pulse.lost.is_some());
        drop(whole.await.map_err(|_| ScreenError::Closed)?);
        self.newest(None)
    }

    async fn changed(&self, after: FrameSeq) -> Result<Frame, ScreenError> {
        self.newer_than(after).await?;
        self.newest(Some(after))
    }

    async fn confirm(&self) -> Result<Frame, ScreenError> {
        let seq = self.command(Command::Confirm).await?;
        self.newest(Some(seq))
    }

    async fn send(&self, inputs: &[Input]) -> Result<FrameSeq, ScreenError> {
        let inputs = inputs.to_vec();
        self.command(|reply| Command::Send(inputs, reply)).await?
    }

    async fn release_all(&self) -> Result<(), ScreenError> {
        self.command(Command::ReleaseAll).await?
    }

    fn keyboard(&self) -> Keyboard {
        self.keyboard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_of_the_owner_ends_the_session_with_a_reason() {
        let (heart, pulse) = watch::channel(Pulse::default());
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let heart = Heart(heart);
        let mut owner = JoinSet::new();
        owner.spawn(async move {
            let _inbox = inbox;
            heart.beat(FrameSeq(1));
            panic!("a decoder may do this");
        });
        let session = VncSession {
            shared: Arc::default(),
            pulse,
            commands,
            keyboard: Keyboard::default(),
            _owner: owner,
        };
        let err = session.changed(FrameSeq(1)).await.unwrap_err();
        assert!(matches!(err, ScreenError::Protocol(_)), "{err}");
        assert_eq!(session.frame().await.unwrap_err(), err);
        assert_eq!(session.send(&[]).await.unwrap_err(), err);
        assert_eq!(session.release_all().await.unwrap_err(), err);
    }
}
