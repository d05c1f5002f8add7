//! The ports that the desktop of a test serves.

use super::{Desktop, Program, State};
use async_trait::async_trait;
use mosdat::{
    model::{
        Event, Frame, FrameSeq, LayerKind, LayerName, Node, NodeQuery, Outcome, Package, Point,
        Rect, Session, StepKey, Timestamp, Tree,
    },
    port::{
        AccessibilityTree, Clock, Command, EvidenceError, Exit, Finding, Guest, Input, Output,
        Process, ProviderError, RunFolder, SCRIPT, Screen, ScreenError, TreeError, Window,
    },
};
use std::{
    collections::BTreeMap,
    future::pending,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;

fn lost() -> ProviderError {
    let (machine, why) = ("m".into(), "it is gone".into());
    ProviderError::Lost { machine, why }
}

#[async_trait]
impl Guest for Desktop {
    fn session(&self) -> Session {
        self.state().session
    }

    fn slowness(&self) -> u32 {
        self.state().slowness
    }

    async fn install(&self, _: &Package, _: &Path) -> Result<Outcome, ProviderError> {
        panic!("a scenario installs nothing")
    }

    async fn uninstall(&self, _: &Package) -> Result<Outcome, ProviderError> {
        panic!("a scenario removes nothing")
    }

    async fn keep(&self, _: &LayerName, _: LayerKind) -> Result<(), ProviderError> {
        panic!("a scenario keeps nothing")
    }

    async fn lost(&self) -> Option<String> {
        let opened = self.state().opened.clone();
        opened
            .expect("a scenario leaves that to whoever opened the machine")
            .lost
    }

    async fn evidence(&self) -> Vec<Finding> {
        assert!(
            self.state().opened.is_some(),
            "a scenario collects nothing of the machine"
        );
        Vec::new()
    }

    fn program_path(&self, path: &str) -> String {
        format!("/prefix{path}")
    }

    fn environment(&self) -> BTreeMap<String, String> {
        self.state().environment.clone()
    }

    async fn run(&self, command: &Command, limit: Duration) -> Result<Output, ProviderError> {
        let script = command.env.get(SCRIPT).cloned().flatten();
        let text = script.unwrap_or_else(|| command.argv.last().unwrap().clone());
        let answer = self.change(|state| {
            // How the machine is, is asked once something has failed.
            if !text.starts_with("date +%s; df") {
                state.shells.push(text.clone());
            }
            (!state.shell_error).then(|| (state.on_shell)(state, &text))
        });
        let (takes, exit, text) = answer.ok_or_else(lost)?;
        tokio::time::sleep(takes.min(limit)).await;
        if takes > limit {
            let ending = self.state().shell_ending;
            tokio::time::sleep(ending).await;
        }
        Ok(Output {
            exit: exit.filter(|_| takes <= limit),
            text: text.into(),
        })
    }

    async fn start(&self, command: &Command) -> Result<Box<dyn Process>, ProviderError> {
        self.change(|state| {
            if state.start_error {
                return Err(lost());
            }
            state.started.push(command.clone());
            state.programs.push(Program::default());
            if let Some(react) = state.on_start {
                react(state);
            }
            let index = state.programs.len() - 1;
            Ok(Box::new(Handle(self.clone(), index)) as Box<dyn Process>)
        })
    }

    async fn windows(&self) -> Result<Vec<Window>, ProviderError> {
        if self.state().windows_are_mute {
            pending::<()>().await;
        }
        let state = self.state();
        if state.windows_error {
            Err(lost())
        } else {
            Ok(state.windows.clone())
        }
    }

    async fn window_at(&self, _: Point) -> Result<Option<Window>, ProviderError> {
        Ok(self.state().on_top.clone())
    }

    async fn focus(&self, title: &str) -> Result<(), ProviderError> {
        self.state().focused.push(title.into());
        Ok(())
    }

    async fn screen(&self) -> Result<Arc<dyn Screen>, ProviderError> {
        Ok(Arc::new(self.clone()))
    }

    async fn tree(&self) -> Result<Arc<dyn AccessibilityTree>, ProviderError> {
        Ok(Arc::new(self.clone()))
    }

    async fn close(self: Box<Self>) -> Result<(), ProviderError> {
        let mut state = self.state();
        let opened = state.opened.as_mut();
        opened.expect("a scenario closes no session").was_closed = true;
        Ok(())
    }
}

#[async_trait]
impl Screen for Desktop {
    async fn frame(&self) -> Result<Frame, ScreenError> {
        self.state().picture()
    }

    async fn changed(&self, after: FrameSeq) -> Result<Frame, ScreenError> {
        let newer = |state: &mut State| {
            let is_newer = state.screen_error.is_some() || state.seq > after.0;
            is_newer.then(|| state.picture())
        };
        self.when(newer).await
    }

    async fn confirm(&self) -> Result<Frame, ScreenError> {
        self.change(|state| {
            state.confirm();
            state.picture()
        })
    }

    async fn send(&self, inputs: &[Input]) -> Result<FrameSeq, ScreenError> {
        if self.state().input_is_stuck {
            self.change(|state| state.take(inputs[0]));
            pending::<()>().await;
        }
        self.change(|state| {
            if let Some(err) = &state.screen_error {
                return Err(err.clone());
            }
            // What the last input does to the screen comes after it was sent.
            let (last, front) = inputs.split_last().unwrap();
            for input in front {
                state.take(*input);
            }
            let seq = FrameSeq(state.seq);
            state.take(*last);
            Ok(seq)
        })
    }

    async fn release_all(&self) -> Result<(), ScreenError> {
        self.change(State::release_all);
        Ok(())
    }
}

#[async_trait]
impl AccessibilityTree for Desktop {
    async fn read(&self) -> Result<Tree, TreeError> {
        self.state().tree()
    }

    async fn find(&self, query: &NodeQuery) -> Result<(Vec<Node>, Tree), TreeError> {
        if self.state().tree_is_mute {
            pending::<()>().await;
        }
        let tree = self.state().tree()?;
        let shows = |node: &&Node| node.states.iter().any(|state| state == "showing");
        let found = tree
            .nodes
            .iter()
            .filter(shows)
            .filter(|node| query.matches(node));
        Ok((found.cloned().collect(), tree))
    }

    fn generation(&self) -> u64 {
        self.state().generation
    }

    async fn changed(&self, since: u64) -> Result<(), TreeError> {
        let newer = |state: &mut State| match &state.tree_error {
            Some(err) => Some(Err(err.clone())),
            None => (state.generation > since).then_some(Ok(())),
        };
        self.when(newer).await
    }

    async fn place(&self, node: &Node) -> Result<Option<Rect>, TreeError> {
        let mut state = self.state();
        if !state.nodes.contains(node) {
            state
                .broken
                .push(format!("asked for the place of a stranger, {node:?}"));
        }
        Ok(state.place)
    }

    async fn read_placed(&self) -> Result<Tree, TreeError> {
        self.state().tree()
    }

    async fn actions(&self, node: &Node) -> Result<Vec<String>, TreeError> {
        panic!("nobody asks what {node:?} offers")
    }

    async fn act(&self, node: &Node, index: usize) -> Result<(), TreeError> {
        self.change(|state| state.acted.push((node.name.clone(), index)));
        Ok(())
    }

    async fn at(&self, point: Point) -> Result<Option<Node>, TreeError> {
        let state = self.state();
        // What lies there on purpose; without that nobody knows.
        let above = state.above.clone().filter(|(rect, _)| rect.contains(point));
        Ok(above.map(|(_, node)| node))
    }

    async fn around(&self, node: &Node, _: usize) -> Result<Vec<Node>, TreeError> {
        let state = self.state();
        let above = state.above.iter().any(|(_, above)| above == node);
        // Whatever lies above is a window of its own.
        let window = Node {
            id: if above { "/above" } else { "/window" }.into(),
            ..Node::default()
        };
        Ok(vec![window])
    }
}

/// A started program, from outside.
#[derive(Debug)]
struct Handle(Desktop, usize);

#[async_trait]
impl Process for Handle {
    async fn wait(&self) -> Result<Exit, ProviderError> {
        let ended = |state: &mut State| {
            let program = &state.programs[self.1];
            let is_lost = program.is_lost.then(|| Err(lost()));
            is_lost.or(program.exit.map(Ok))
        };
        self.0.when(ended).await
    }

    fn exit(&self) -> Option<Exit> {
        self.0.state().programs[self.1].exit
    }

    fn pid(&self) -> Option<u32> {
        Some(100 + self.1 as u32)
    }

    async fn family(&self) -> Result<Option<Vec<u32>>, ProviderError> {
        if self.0.state().programs[self.1].is_mute {
            pending::<()>().await;
        }
        let state = self.0.state();
        let program = &state.programs[self.1];
        if program.is_lost {
            return Err(lost());
        }
        Ok(program.family.clone())
    }

    fn output(&self) -> String {
        self.0.state().programs[self.1].output.clone()
    }

    async fn end(&self) {
        self.0.change(|state| {
            state.exit(self.1, Exit::Signal(15));
            state.programs[self.1].was_ended = true;
        });
    }
}

/// A clock that goes with the runtime's.
#[derive(Debug)]
pub(in super::super) struct RuntimeClock(pub(in super::super) Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000 + self.0.elapsed().as_millis() as u64)
    }
}

/// A run's folder in memory.
#[derive(Debug, Default)]
pub(in super::super) struct MemoryFolder(pub(in super::super) Mutex<BTreeMap<String, Vec<u8>>>);

impl RunFolder for MemoryFolder {
    fn event(&self, _: &Event) -> Result<(), EvidenceError> {
        panic!("a step tells its events to the watcher")
    }

    fn keep(&self, _: &StepKey, name: &str, bytes: &[u8]) -> Result<String, EvidenceError> {
        let mut files = self.0.lock().unwrap();
        let before = files.insert(name.into(), bytes.into());
        assert!(before.is_none(), "`{name}` was overwritten");
        Ok(name.into())
    }

    fn path(&self) -> PathBuf {
        "/run".into()
    }
}
