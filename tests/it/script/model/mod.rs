//! What a vision model says, when it counts, and what comes of it when it says nothing.

mod answers;
mod clicks;
mod remembered;
mod steps;

use super::{Scene, Told, desktop::badge};
use async_trait::async_trait;
use mosdat::{
    driver::disk::DiskAnchors,
    judge::{Anchor, Match, Picture, find_exact},
    model::{Answer, Asked, Event, Frame, Judged, Located, Point, Rect, Spot},
    port::{Input, View, Vision, VisionError},
    run::script::Eyes,
};
use std::{
    path::Path,
    sync::{Arc, Mutex},
};

/// Answers by what is on the picture, and remembers what it was asked.
#[derive(Debug)]
struct Model {
    asked: Mutex<Vec<String>>,
    /// What it says of a statement.
    judge: fn(&str, &View<'_>) -> Result<Answer, VisionError>,
    /// Where it says that something is.
    locate: fn(&str, &View<'_>) -> Spot,
    /// What it writes when it is asked anything.
    write: fn(usize) -> &'static str,
}

impl Model {
    /// Says yes to what is said of the badge when that is there, and no when it is not.
    fn new() -> Self {
        Self {
            asked: Mutex::default(),
            judge: |_, view| Ok(yes(badge_of(view.frame).is_some())),
            locate: |_, view| match badge_of(view.frame) {
                Some(place) => Spot::At {
                    point: place.center(),
                    area: Some(place),
                },
                None => Spot::Absent,
            },
            write: |_| "",
        }
    }

    fn note(&self, question: &str) -> usize {
        let mut asked = self.asked.lock().unwrap();
        asked.push(question.into());
        asked.len()
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn yes(is_so: bool) -> Answer {
    if is_so { Answer::Yes } else { Answer::No }
}

fn badge_of(frame: &Frame) -> Option<Rect> {
    let whole = Rect {
        x: 0,
        y: 0,
        width: 4,
        height: 4,
    };
    let anchor = Anchor::new(Picture::crop(&badge(), whole).unwrap()).unwrap();
    match find_exact(frame, &anchor, None).unwrap() {
        Match::Found(found) => Some(found.place),
        Match::Missing { .. } => None,
    }
}

#[async_trait]
impl Vision for Model {
    async fn locate(&self, view: &View<'_>, phrase: &str) -> Result<Located, VisionError> {
        self.note(&format!("locate {} {phrase}", view.sample));
        let asked = Asked::default();
        let spot = (self.locate)(phrase, view);
        Ok(Located { spot, asked })
    }

    async fn judge(&self, view: &View<'_>, statement: &str) -> Result<Judged, VisionError> {
        self.note(&format!("judge {} {statement}", view.sample));
        Ok(Judged {
            answer: (self.judge)(statement, view)?,
            why: "so it looks".into(),
            asked: Asked {
                model: "m".into(),
                ..Asked::default()
            },
        })
    }

    async fn ask(&self, _: &View<'_>, text: &str) -> Result<String, VisionError> {
        let count = self.note(text);
        Ok((self.write)(count).into())
    }
}

/// A desktop, and a model that looks at it.
struct Stage {
    scene: Scene,
    model: Arc<Model>,
}

impl Stage {
    fn new(model: Model) -> Self {
        let model = Arc::new(model);
        let mut scene = Scene::new();
        scene.eyes = Eyes {
            vision: Some(model.clone()),
            ..Eyes::default()
        };
        Self { scene, model }
    }

    fn shows(self, at: Option<(u32, u32)>) -> Self {
        self.scene.desktop.change(|state| state.draw(at));
        self
    }

    fn remembers(mut self, dir: &Path) -> Self {
        self.scene.eyes.anchors = Some(Arc::new(DiskAnchors::new(dir.into())));
        self
    }

    async fn play(&self, yaml: &str) -> Told {
        self.scene.folder.0.lock().unwrap().clear();
        self.scene.play(yaml, async {}).await
    }

    fn clicks(&self) -> Vec<Point> {
        let state = self.scene.desktop.state();
        let mut last = Point::default();
        let mut clicks = Vec::new();
        for input in &state.inputs {
            match input {
                Input::Move(point) => last = *point,
                Input::Press(_) => clicks.push(last),
                _ => {}
            }
        }
        clicks
    }
}

/// Draws the badge when a key is pressed or the pointer clicks.
fn draws(stage: &Stage) {
    stage.scene.desktop.state().on_input = Some(|state, input| {
        if matches!(input, Input::Release(_) | Input::KeyUp(_)) {
            state.draw(Some((20, 11)));
        }
    });
}

/// Returns the paths of the instructions in the order of their ends; each began once.
fn paths(told: &Told) -> Vec<String> {
    let (mut begun, mut ended) = (Vec::new(), Vec::new());
    for event in &told.events {
        match event {
            Event::InstructionStarted { path, .. } => begun.push(path.clone()),
            Event::Instruction { path, .. } => {
                assert!(begun.contains(path), "{path} ended and never began");
                ended.push(path.clone());
            }
            _ => {}
        }
    }
    begun.sort();
    let mut sorted = ended.clone();
    sorted.sort();
    assert_eq!(begun, sorted);
    ended
}
