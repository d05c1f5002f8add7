//! A desktop that exists only in a test, harsher than real ones: it answers what it was told to,
//! changes only when it is told to, and notes every rule that its user breaks.

mod ports;

pub(super) use ports::{MemoryFolder, RuntimeClock};

use mosdat::{
    model::{Frame, FrameCause, FrameSeq, Node, Rect, Session, SilentApp, Timestamp, Tree},
    port::{Command, Exit, Input, ScreenError, TreeError, Window},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::sync::watch;

/// Width and height of the screen.
pub(super) const SIZE: (u32, u32) = (40, 30);

/// A desktop, shared by the test and what is tested.
#[derive(Clone, Debug)]
pub(super) struct Desktop {
    state: Arc<Mutex<State>>,
    pulse: watch::Sender<()>,
}

/// What a shell text comes to: after which time, how, and what it writes.
pub(super) type ShellAnswer = (Duration, Option<Exit>, &'static str);

/// Everything there is on a desktop.
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
pub(super) struct State {
    pub(super) session: Session,
    pub(super) slowness: u32,
    /// What whoever opened it learns of it; a scenario itself never asks.
    pub(super) opened: Option<Opened>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) windows: Vec<Window>,
    /// Whether nobody tells the windows any more.
    pub(super) windows_are_mute: bool,
    pub(super) windows_error: bool,
    rgba: Vec<u8>,
    seq: u64,
    pub(super) screen_error: Option<ScreenError>,
    pub(super) nodes: Vec<Node>,
    pub(super) apps: Vec<String>,
    pub(super) silent_apps: Vec<SilentApp>,
    /// Where a widget is that was found.
    pub(super) place: Option<Rect>,
    pub(super) tree_error: Option<TreeError>,
    /// Whether nobody finds anything any more.
    pub(super) tree_is_mute: bool,
    generation: u64,
    pub(super) inputs: Vec<Input>,
    held: Vec<Input>,
    /// Whether input gets stuck after the first of it.
    pub(super) input_is_stuck: bool,
    pub(super) on_input: Option<fn(&mut Self, Input)>,
    pub(super) started: Vec<Command>,
    pub(super) programs: Vec<Program>,
    pub(super) on_start: Option<fn(&mut Self)>,
    pub(super) start_error: bool,
    pub(super) shells: Vec<String>,
    pub(super) on_shell: fn(&mut Self, &str) -> ShellAnswer,
    /// How long ending a text takes whose time is up.
    pub(super) shell_ending: Duration,
    pub(super) shell_error: bool,
    /// The titles of windows that were given the focus.
    pub(super) focused: Vec<String>,
    /// The window that lies on top everywhere, where that can be told.
    pub(super) on_top: Option<Window>,
    /// What lies above everything else, and where.
    pub(super) above: Option<(Rect, Node)>,
    /// Which widgets were asked to do which of their actions.
    pub(super) acted: Vec<(String, usize)>,
    broken: Vec<String>,
}

/// What whoever opened the desktop learns of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Opened {
    pub(super) lost: Option<String>,
    pub(super) was_closed: bool,
}

/// A program that was started; the first has the pid 100.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    pub(super) exit: Option<Exit>,
    pub(super) output: String,
    pub(super) was_ended: bool,
    pub(super) family: Option<Vec<u32>>,
    /// Whether its machine was lost.
    pub(super) is_lost: bool,
    /// Whether its machine hangs: who asks gets no answer.
    pub(super) is_mute: bool,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a desktop")
    }
}

impl Desktop {
    /// Returns an X11 desktop on which nothing shows but a background.
    pub(super) fn new() -> Self {
        let state = State {
            session: Session::X11,
            slowness: 1,
            opened: None,
            environment: BTreeMap::from([("DISPLAY".into(), ":7".into())]),
            windows: Vec::new(),
            windows_are_mute: false,
            windows_error: false,
            rgba: Vec::new(),
            seq: 1,
            screen_error: None,
            nodes: Vec::new(),
            apps: vec!["panel".into()],
            silent_apps: Vec::new(),
            place: Some(rect(10, 8, 6, 4)),
            tree_error: None,
            tree_is_mute: false,
            generation: 0,
            inputs: Vec::new(),
            held: Vec::new(),
            input_is_stuck: false,
            on_input: None,
            started: Vec::new(),
            programs: Vec::new(),
            on_start: None,
            start_error: false,
            shells: Vec::new(),
            on_shell: |_, _| (Duration::ZERO, Some(Exit::Code(0)), ""),
            shell_ending: Duration::ZERO,
            shell_error: false,
            focused: Vec::new(),
            on_top: None,
            above: None,
            acted: Vec::new(),
            broken: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let pulse = watch::Sender::new(());
        let desktop = Self { state, pulse };
        desktop.change(|state| state.draw(None));
        desktop
    }

    /// Changes something and wakes whoever waits.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state());
        self.pulse.send_replace(());
        changed
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Fails when a rule was broken, a key is still held or a program still runs.
    pub(super) fn check(&self) {
        let state = self.state();
        assert_eq!(state.broken, Vec::<String>::new());
        assert_eq!(state.held, [], "keys or buttons are held");
        for (index, program) in state.programs.iter().enumerate() {
            assert!(program.was_ended, "program {index} was left running");
        }
    }

    /// Waits until `ready`, however often the desktop changes.
    async fn when<T>(&self, ready: impl Fn(&mut State) -> Option<T>) -> T {
        let mut pulse = self.pulse.subscribe();
        loop {
            let found = ready(&mut self.state());
            if let Some(found) = found {
                return found;
            }
            pulse.changed().await.unwrap();
        }
    }
}

pub(super) fn rect(x: i32, y: i32, width: i32, height: i32) -> Rect {
    Rect {
        x,
        y,
        width,
        height,
    }
}

/// Returns the pixels of the picture that tests look for: 4x4, all different.
pub(super) fn badge() -> Frame {
    let rgba: Vec<u8> = (0..16u8).flat_map(|n| [n * 16, 255 - n, n, 255]).collect();
    frame(4, 4, 1, rgba)
}

pub(super) fn frame(width: u32, height: u32, seq: u64, rgba: Vec<u8>) -> Frame {
    Frame {
        seq: FrameSeq(seq),
        at: Timestamp(0),
        cause: FrameCause::Damage,
        width,
        height,
        rgba: Arc::new(rgba),
        damage: vec![rect(0, 0, width as i32, height as i32)],
    }
}

impl State {
    /// Draws a background of stripes, and the badge where it is asked.
    pub(super) fn draw(&mut self, badge_at: Option<(u32, u32)>) {
        let stripes =
            (0..SIZE.0 * SIZE.1).flat_map(|at| [0, 0, if at % 2 == 0 { 9 } else { 80 }, 255]);
        let mut rgba: Vec<u8> = stripes.collect();
        if let Some((x, y)) = badge_at {
            let badge = badge();
            for row in 0..4 {
                let to = (((y + row) * SIZE.0 + x) * 4) as usize;
                let from = (row * 16) as usize;
                rgba[to..to + 16].copy_from_slice(&badge.rgba[from..from + 16]);
            }
        }
        self.rgba = rgba;
        self.seq += 1;
    }

    /// Sends the same picture again.
    pub(super) fn confirm(&mut self) {
        self.seq += 1;
    }

    /// Turns the screen black.
    pub(super) fn blank(&mut self) {
        self.rgba = [0, 0, 0, 255].repeat((SIZE.0 * SIZE.1) as usize);
        self.seq += 1;
    }

    /// Shows a window of the newest program, and says so on the screen.
    pub(super) fn show(&mut self, title: &str) {
        let pid = Some(99 + self.programs.len() as u32);
        self.show_of(title, pid);
    }

    pub(super) fn show_of(&mut self, title: &str, pid: Option<u32>) {
        self.windows.push(window(title, pid));
        self.seq += 1;
    }

    /// Ends a program by itself.
    pub(super) fn exit(&mut self, index: usize, exit: Exit) {
        self.programs[index].exit.get_or_insert(exit);
    }

    /// Puts a widget of the application `notes` into the tree, and says so.
    pub(super) fn add(&mut self, role: &str, name: &str) {
        self.add_silently(role, name);
        self.generation += 1;
    }

    pub(super) fn add_silently(&mut self, role: &str, name: &str) {
        if !self.apps.contains(&"notes".into()) {
            self.apps.push("notes".into());
        }
        self.nodes.push(Node {
            id: format!("/{}", self.nodes.len()),
            role: role.into(),
            name: name.into(),
            states: vec!["showing".into()],
            app: "notes".into(),
            depth: 1,
            ..Node::default()
        });
    }

    /// Puts a text field with the focus into the tree.
    pub(super) fn add_field(&mut self, text: &str) {
        self.add("entry", "Title");
        let field = self.nodes.last_mut().unwrap();
        field.states.extend(["focused".into(), "editable".into()]);
        field.text = text.into();
    }

    pub(super) fn tell_change(&mut self) {
        self.generation += 1;
    }

    pub(super) fn picture(&self) -> Result<Frame, ScreenError> {
        match &self.screen_error {
            Some(err) => Err(err.clone()),
            None => Ok(frame(SIZE.0, SIZE.1, self.seq, self.rgba.clone())),
        }
    }

    fn tree(&self) -> Result<Tree, TreeError> {
        match &self.tree_error {
            Some(err) => Err(err.clone()),
            None => Ok(Tree {
                nodes: self.nodes.clone(),
                apps: self.apps.clone(),
                silent_apps: self.silent_apps.clone(),
            }),
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Move(point) => {
                let is_inside = |at: i32, size: u32| at >= 0 && at < size as i32;
                if !is_inside(point.x, SIZE.0) || !is_inside(point.y, SIZE.1) {
                    self.broken.push(format!("{point:?} is outside the screen"));
                }
            }
            Input::Press(_) | Input::KeyDown(_) => {
                if self.held.contains(&input) {
                    self.broken.push(format!("{input:?} while held"));
                }
                self.held.push(input);
            }
            Input::Release(button) => self.let_go(Input::Press(button)),
            Input::KeyUp(key) => self.let_go(Input::KeyDown(key)),
            Input::Scroll(_) => {}
        }
        self.inputs.push(input);
        if let Some(react) = self.on_input {
            react(self, input);
        }
    }

    fn release_all(&mut self) {
        while let Some(held) = self.held.pop() {
            self.inputs.push(match held {
                Input::Press(button) => Input::Release(button),
                Input::KeyDown(key) => Input::KeyUp(key),
                other => other,
            });
        }
    }

    fn let_go(&mut self, pressed: Input) {
        match self.held.iter().position(|held| *held == pressed) {
            Some(at) => drop(self.held.remove(at)),
            None => self.broken.push(format!("{pressed:?} was not held")),
        }
    }
}

pub(super) fn window(title: &str, pid: Option<u32>) -> Window {
    Window {
        title: title.into(),
        app_id: title.into(),
        pid,
        rect: None,
    }
}
