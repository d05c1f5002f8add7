//! The one task that owns the connection of a screen: receives updates, sends input, and notices
//! when the server has gone silent. It is the only caller of `vnc-rs`.
//!
//! It has to be one task: while `vnc-rs` waits for an event, whoever wants to send waits as well.

use super::{
    VncLimits,
    events::events,
    handshake,
    line::{Noted, SIGN_OF_LIFE},
    loss,
    picture::Change,
    session::{Heart, Shared},
    way::Way,
};
use crate::{
    model::{FrameSeq, Keyboard, Point, Rect},
    port::{Clock, Input, ScreenError},
};
use std::{collections::VecDeque, mem, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    time::{self, Instant, MissedTickBehavior},
};
use vnc::{VncClient, VncEvent, X11Event};

/// How often the silence of a server is looked at before it is asked for a sign of life.
const LOOKS: u32 = 4;

/// What users want done.
#[derive(Debug)]
pub(super) enum Command {
    /// Send input, in order.
    Send(Vec<Input>, oneshot::Sender<Result<FrameSeq, ScreenError>>),
    /// Have the whole picture sent anew.
    Confirm(oneshot::Sender<FrameSeq>),
    /// Let go of every key and button.
    ReleaseAll(oneshot::Sender<Result<(), ScreenError>>),
}

/// What it takes to run a session.
#[derive(Debug)]
pub(super) struct Start {
    /// How the server is reached.
    pub(super) way: Way,
    /// How keys reach the desktop.
    pub(super) keyboard: Keyboard,
    /// How long the server may take.
    pub(super) limits: VncLimits,
    /// Dates the frames.
    pub(super) clock: Arc<dyn Clock>,
    /// Where the picture goes.
    pub(super) shared: Arc<Shared>,
    /// Tells the users.
    pub(super) heart: Heart,
}

/// What was sent has arrived when the server is heard so long after it.
const ARRIVES: Duration = Duration::from_millis(500);

/// How long a console that could not be opened again is left alone.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs a session until the connection is lost for good or no one uses it any more.
pub(super) async fn run(start: Start, mut commands: mpsc::Receiver<Command>) {
    // What is held down when a connection breaks stays held on the other side.
    let mut held = Vec::new();
    // Whether nobody knows if the last input arrived: then nothing that follows can be relied on.
    let mut is_doubtful = false;
    // By when a connection that broke has to be there again.
    let mut deadline = None;
    loop {
        let why = match Owner::connect(&start).await {
            Ok(mut owner) => {
                let served = owner.serve(&mut commands, mem::take(&mut held)).await;
                held = owner.noted.held().releases();
                is_doubtful = owner.is_input_doubtful();
                if owner.heart.seq() > owner.before {
                    deadline = None;
                }
                match served {
                    Ok(()) => return,
                    Err(why) => why,
                }
            }
            Err(why) => why,
        };
        let was_open = start.heart.seq() > FrameSeq(0) && !is_doubtful;
        let limit = start.limits.again;
        let deadline = *deadline.get_or_insert_with(|| Instant::now() + limit);
        let is_over = Instant::now() + PAUSE >= deadline || commands.is_closed();
        if !start.way.is_repeatable() || !was_open || !why.is_transient() || is_over {
            return start.heart.stop(why);
        }
        tracing::debug!(%why, "a console broke and is opened again");
        start.heart.pause();
        start.shared.canvas().age();
        time::sleep(PAUSE).await;
    }
}

struct Owner<'a> {
    client: VncClient,
    limits: VncLimits,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
    heart: &'a Heart,
    /// The last frame of earlier connections.
    before: FrameSeq,
    /// By when the first whole picture has to be there.
    first: Instant,
    /// Where the connection leads, for messages.
    address: String,
    noted: Arc<Noted>,
    /// The weight of all updates at each update's end, from the line: always told before the
    /// events of that update come.
    ends: mpsc::UnboundedReceiver<u64>,
    ended: VecDeque<u64>,
    /// The weight of all events so far.
    weight: u64,
    /// Who waits for the whole picture to be sent anew.
    confirming: Vec<oneshot::Sender<FrameSeq>>,
    /// The events since the last update's end.
    update: Vec<Change>,
    /// When the last input was sent, and when the server was last heard.
    sent_at: Option<Instant>,
    heard_at: Instant,
    /// How often the server was heard when that was last looked at.
    heard: u64,
    /// How many looks ago that was.
    silent: u32,
}

impl<'a> Owner<'a> {
    /// Connects and shakes hands.
    async fn connect(start: &'a Start) -> Result<Self, ScreenError> {
        let (told, ends) = mpsc::unbounded_channel();
        let noted = Arc::new(Noted::new(start.keyboard));
        let limits = start.limits;
        let (socket, password) = start.way.connect(limits.connect).await?;
        let address = start.way.name();
        let first = Instant::now() + limits.first_picture;
        let password = password.map(|password| password.expose().to_owned());
        let shaking = handshake::connect(socket, &address, password, &noted, told);
        let Ok(client) = time::timeout_at(first, shaking).await else {
            let limit = limits.first_picture;
            return Err(ScreenError::Mute { address, limit });
        };
        Ok(Self {
            client: client?,
            limits,
            clock: Arc::clone(&start.clock),
            shared: Arc::clone(&start.shared),
            before: start.heart.seq(),
            heart: &start.heart,
            first,
            address,
            noted,
            ends,
            ended: VecDeque::new(),
            weight: 0,
            confirming: Vec::new(),
            update: Vec::new(),
            sent_at: None,
            heard_at: Instant::now(),
            heard: 0,
            silent: 0,
        })
    }

    /// Lets go of what is still `held` from a connection before, and serves until no one uses the
    /// session any more.
    async fn serve(
        &mut self,
        commands: &mut mpsc::Receiver<Command>,
        held: Vec<Input>,
    ) -> Result<(), ScreenError> {
        let mut looks = time::interval(self.limits.silence / LOOKS);
        // Time in which this process itself stood still says nothing about the server.
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let Ok(begun) = time::timeout_at(self.first, self.begin()).await else {
            return Err(self.mute());
        };
        begun?;
        self.send(held).await?;
        loop {
            let is_waiting = self.heart.seq() == self.before;
            tokio::select! {
                () = time::sleep_until(self.first), if is_waiting => return Err(self.mute()),
                event = self.client.recv_event() => {
                    let event = event.map_err(|err| {
                        loss::of_session(&err, self.noted.is_over())
                    })?;
                    self.receive(event)?;
                }
                Some(weight) = self.ends.recv() => self.ended.push_back(weight),
                command = commands.recv(), if !is_waiting => match command {
                    Some(command) => self.obey(command).await?,
                    None => return Ok(()),
                },
                _ = looks.tick() => self.look().await?,
            }
            if self.noted.heard() != self.heard {
                self.heard_at = Instant::now();
            }
            self.settle().await?;
        }
    }

    fn mute(&self) -> ScreenError {
        ScreenError::Mute {
            address: self.address.clone(),
            limit: self.limits.first_picture,
        }
    }

    /// Waits for the size of the screen, which comes before all updates and belongs to none.
    async fn begin(&mut self) -> Result<(), ScreenError> {
        let event = self.client.recv_event().await;
        let event = event.map_err(|err| loss::of_session(&err, self.noted.is_over()))?;
        self.receive(event)?;
        self.weight = 0;
        self.show()
    }

    fn receive(&mut self, event: VncEvent) -> Result<(), ScreenError> {
        let (change, weight) = match event {
            VncEvent::RawImage(area, pixels) => {
                (Some(Change::Pixels(rect(area), pixels)), weight(area))
            }
            VncEvent::Copy(to, from) => {
                let from = (from.x.into(), from.y.into());
                (Some(Change::Copy { to: rect(to), from }), weight(to))
            }
            VncEvent::SetResolution(screen) => {
                let (width, height) = (screen.width.into(), screen.height.into());
                (Some(Change::Size(width, height)), 1)
            }
            VncEvent::SetCursor(..) => (None, 1),
            VncEvent::Bell | VncEvent::Text(_) => (None, 0),
            VncEvent::Error(why) => return Err(ScreenError::Protocol(why)),
            other @ (VncEvent::DesktopUpdate(_)
            | VncEvent::SetPixelFormat(_)
            | VncEvent::JpegImage(..)
            | _) => {
                let what = format!("{other:?}");
                let kind = what.split(['(', '{']).next().unwrap_or_default();
                return Err(ScreenError::Protocol(format!("`{kind}` was not asked for")));
            }
        };
        self.weight += weight;
        self.update.extend(change);
        Ok(())
    }

    /// Shows the updates that are complete, and asks for the next after each.
    async fn settle(&mut self) -> Result<(), ScreenError> {
        while let Ok(weight) = self.ends.try_recv() {
            self.ended.push_back(weight);
        }
        while self.ended.pop_front_if(|end| *end <= self.weight).is_some() {
            let resizes = |change: &Change| matches!(change, Change::Size(..));
            let is_resized = self.update.iter().any(resizes);
            self.show()?;
            if is_resized && self.is_incomplete() {
                self.input(X11Event::FullRefresh).await?;
            }
            self.input(X11Event::Refresh).await?;
        }
        Ok(())
    }

    fn is_incomplete(&self) -> bool {
        self.shared.canvas().is_incomplete()
    }

    fn show(&mut self) -> Result<(), ScreenError> {
        let update = mem::take(&mut self.update);
        if update.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let applied = self.shared.canvas().apply(update, now);
        match applied {
            Ok(Some(seq)) => self.heart.beat(seq),
            Ok(None) => {}
            Err(misfit) => return Err(ScreenError::Protocol(misfit.to_string())),
        }
        if !self.confirming.is_empty() && !self.shared.canvas().is_confirming() {
            let seq = self.heart.seq();
            for reply in self.confirming.drain(..) {
                // Whoever asked may have stopped waiting.
                let _sent = reply.send(seq);
            }
        }
        Ok(())
    }

    /// Looks whether the server is still there, and asks it when it has been silent for long.
    async fn look(&mut self) -> Result<(), ScreenError> {
        let heard = self.noted.heard();
        if heard != self.heard {
            (self.heard, self.silent) = (heard, 0);
            return Ok(());
        }
        self.silent += 1;
        let silence = self.limits.silence / LOOKS * self.silent;
        if silence >= self.limits.silence + self.limits.answer {
            return Err(ScreenError::Stalled { silence });
        }
        if self.silent == LOOKS {
            let question = if self.is_incomplete() {
                X11Event::FullRefresh
            } else {
                X11Event::CopyText(SIGN_OF_LIFE.into())
            };
            self.input(question).await?;
        }
        Ok(())
    }

    async fn obey(&mut self, command: Command) -> Result<(), ScreenError> {
        // Whoever asked may have stopped waiting: then no one minds the answer.
        match command {
            Command::Send(inputs, reply) => {
                if let Some(err) = self.outside(&inputs) {
                    drop(reply.send(Err(err)));
                } else {
                    self.send(inputs).await?;
                    drop(reply.send(Ok(self.heart.seq())));
                }
            }
            Command::Confirm(reply) => {
                // Those who wait already get a newer picture than they asked for.
                self.confirming.push(reply);
                self.shared.canvas().begin_confirming();
                self.input(X11Event::FullRefresh).await?;
            }
            Command::ReleaseAll(reply) => {
                let releases = self.noted.held().releases();
                self.send(releases).await?;
                drop(reply.send(Ok(())));
            }
        }
        Ok(())
    }

    /// Returns what is wrong when an input lies outside the screen: then none of them is sent.
    fn outside(&self, inputs: &[Input]) -> Option<ScreenError> {
        let size = self.shared.canvas().size();
        let is_inside = |point: Point| {
            (0..size.0 as i32).contains(&point.x) && (0..size.1 as i32).contains(&point.y)
        };
        let outside = inputs.iter().find_map(|input| match *input {
            Input::Move(point) => (!is_inside(point)).then_some(point),
            Input::Press(_)
            | Input::Release(_)
            | Input::KeyDown(_)
            | Input::KeyUp(_)
            | Input::Scroll(_) => None,
        });
        outside.map(|point| ScreenError::Outside {
            what: Rect {
                x: point.x,
                y: point.y,
                width: 1,
                height: 1,
            },
            size,
        })
    }

    /// Whether nothing shows that the last input arrived.
    fn is_input_doubtful(&self) -> bool {
        self.sent_at
            .is_some_and(|sent| self.heard_at < sent + ARRIVES)
    }

    async fn send(&mut self, inputs: Vec<Input>) -> Result<(), ScreenError> {
        if !inputs.is_empty() {
            self.sent_at = Some(Instant::now());
        }
        for input in inputs {
            let (event, another) = {
                let mut held = self.noted.held();
                held.note(input);
                events(input, &held)
            };
            self.input(event).await?;
            if let Some(event) = another {
                self.input(event).await?;
            }
        }
        Ok(())
    }

    async fn input(&self, event: X11Event) -> Result<(), ScreenError> {
        let silence = self.limits.answer;
        // A server that reads nothing any more lets the queue fill up.
        match time::timeout(silence, self.client.input(event)).await {
            Ok(sent) => sent.map_err(|err| loss::of_session(&err, self.noted.is_over())),
            Err(_) => Err(ScreenError::Stalled { silence }),
        }
    }
}

fn rect(area: vnc::Rect) -> Rect {
    Rect {
        x: area.x.into(),
        y: area.y.into(),
        width: area.width.into(),
        height: area.height.into(),
    }
}

fn weight(area: vnc::Rect) -> u64 {
    u64::from(area.width) * u64::from(area.height)
}
