//! What the steps of a scenario share: the session, what was launched, and the last input.

use super::{
    Exercise, Halt, Record,
    apps::Launched,
    hand::Hand,
    look::{Memory, Sights},
    remember::Remembering,
    variables,
};
use crate::{
    judge::{Anchor, Prepared},
    model::{Frame, FrameSeq, Point, ScenarioName, Tree},
    port::{AccessibilityTree, Input, Process, Reader, Screen, Watcher},
    scenario::{Instruction, Script, Way, fill},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

/// How long letting go of keys may take.
const LET_GO: Duration = Duration::from_secs(2);

/// How long looking at a tree for evidence may take.
const LAST_TREE: Duration = Duration::from_secs(5);

/// What the steps of a scenario share.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    /// Where the scenario is carried out.
    pub(super) context: &'a Exercise<'a>,
    /// Whom to tell.
    pub(super) watcher: &'a Watcher,
    /// Takes evidence.
    pub(super) record: Record<'a>,
    /// What is replaced in texts.
    pub(super) variables: BTreeMap<String, String>,
    /// The same for labels: without passwords.
    pub(super) shown: BTreeMap<String, String>,
    /// Pictures that were looked for, by path.
    pub(super) anchors: BTreeMap<String, Arc<Anchor>>,
    /// What was launched.
    pub(super) apps: Vec<Arc<Launched>>,
    /// When the last shell step ended.
    pub(super) last_shell: Option<Instant>,
    /// The newest frame when the last input was sent: only later ones can show what it did.
    pub(super) last_input: Option<FrameSeq>,
    /// When that was.
    pub(super) input_at: Option<Instant>,
    /// What was clicked last, and by which way it was found, until the keyboard is used.
    pub(super) clicked: Option<Way>,
    /// The picture before the running step's last click.
    pub(super) before: Option<Frame>,
    /// Where the running step has clicked because a model said so, and on which picture.
    pub(super) pointed: Option<(Frame, Point)>,
    /// Steps that passed only when they were done again.
    pub(super) flaky: Vec<String>,
    /// What a model said of pictures.
    pub(super) memory: Memory,
    /// What the running step looked for.
    pub(super) sights: Sights,
    /// What was worked out of the last picture that was searched for what is like an anchor.
    pub(super) prepared: Prepared,
    /// What targets look like.
    pub(super) remembering: Remembering,
    /// The scenario's name.
    pub(super) scenario: ScenarioName,
    /// How many steps it has, without those within others.
    pub(super) steps: u32,
    /// Programs that the steps need themselves.
    pub(super) helpers: Vec<Box<dyn Process>>,
    reader: Option<Arc<dyn Reader>>,
    /// Where the pointer is, and how fast letters are taken.
    pub(super) hand: Hand,
    screen: Option<Arc<dyn Screen>>,
    tree: Option<Arc<dyn AccessibilityTree>>,
}

impl<'a> Stage<'a> {
    /// Prepares for `script`.
    pub(super) fn new(script: &Script, context: &'a Exercise<'a>, watcher: &'a Watcher) -> Self {
        let variables = variables::all(&script.vars, context, watcher.clock.now());
        Self {
            context,
            watcher,
            record: Record::new(watcher),
            shown: variables::shown(&variables),
            variables,
            anchors: BTreeMap::new(),
            apps: Vec::new(),
            last_shell: None,
            last_input: None,
            input_at: None,
            clicked: None,
            before: None,
            pointed: None,
            flaky: Vec::new(),
            memory: Memory::default(),
            sights: Sights::default(),
            prepared: Prepared::default(),
            remembering: Remembering::default(),
            scenario: script.name.clone(),
            steps: script.steps.len() as u32,
            helpers: Vec::new(),
            reader: context.eyes.readers.as_ref().map(|readers| readers.open()),
            hand: Hand::default(),
            screen: None,
            tree: None,
        }
    }

    /// Returns the instruction with its variables filled in. Its label shows no password: it becomes
    /// part of names of files.
    pub(super) fn filled(&self, instruction: &Instruction) -> Instruction {
        Instruction {
            label: fill(&instruction.label, &self.shown),
            ..instruction.filled(&self.variables)
        }
    }

    /// Returns the screen, which is opened when it is first asked for.
    pub(super) async fn screen(&mut self) -> Result<Arc<dyn Screen>, Halt> {
        if let Some(screen) = &self.screen {
            return Ok(Arc::clone(screen));
        }
        let screen = self.context.guest.screen().await?;
        self.screen = Some(Arc::clone(&screen));
        Ok(screen)
    }

    /// Returns the accessibility tree, which is opened when it is first asked for.
    pub(super) async fn tree(&mut self) -> Result<Arc<dyn AccessibilityTree>, Halt> {
        if let Some(tree) = &self.tree {
            return Ok(Arc::clone(tree));
        }
        let tree = self.context.guest.tree().await?;
        self.tree = Some(Arc::clone(&tree));
        Ok(tree)
    }

    /// Returns who reads the text on the screen, when there is somebody.
    pub(super) fn reader(&self) -> Option<Arc<dyn Reader>> {
        self.reader.clone()
    }

    /// Returns the screen when it is open.
    pub(super) fn open_screen(&self) -> Option<&Arc<dyn Screen>> {
        self.screen.as_ref()
    }

    /// Sends input and remembers when.
    pub(super) async fn send(&mut self, inputs: &[Input]) -> Result<(), Halt> {
        let screen = self.screen().await?;
        let seq = screen.send(inputs).await?;
        self.acted(seq);
        Ok(())
    }

    /// Notes that something was done when `seq` was the newest frame.
    pub(super) fn acted(&mut self, seq: FrameSeq) {
        self.last_input = Some(seq);
        self.input_at = Some(Instant::now());
    }

    /// Returns when a screen on which nothing has changed since the last input will be asked for its
    /// picture anew: by then most of what can come of an input has begun to show.
    pub(super) fn confirms_at(&self) -> Option<Instant> {
        const REACTION: Duration = Duration::from_secs(1);
        Some(self.input_at? + self.context.time(REACTION))
    }

    /// Lets go of every key and button, where any can be held.
    pub(super) async fn let_go(&self) {
        let Some(screen) = &self.screen else { return };
        match timeout(LET_GO, screen.release_all()).await {
            Ok(Ok(())) => {}
            Ok(Err(err)) => self.watcher.log(&format!("keys may still be held: {err}")),
            Err(_) => self
                .watcher
                .log("keys may still be held: the screen does not answer"),
        }
    }

    /// Fails when a launched program has died.
    pub(super) fn judge_ends(&self) -> Result<(), Halt> {
        for app in &self.apps {
            if let Some(exit) = app.process.exit() {
                app.judge(exit, self.last_shell)?;
            }
        }
        Ok(())
    }

    /// Returns the accessibility tree as evidence, where it can be had soon.
    pub(super) async fn last_tree(&mut self) -> Option<Tree> {
        let tree = async { self.tree().await?.read().await.map_err(Halt::from) };
        match timeout(LAST_TREE, tree).await {
            Ok(Ok(tree)) => Some(tree),
            Ok(Err(halt)) => {
                self.watcher
                    .log(&format!("no tree was kept: {}", halt.why()));
                None
            }
            Err(_) => {
                self.watcher.log("no tree was kept: it does not answer");
                None
            }
        }
    }
}
