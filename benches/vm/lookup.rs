//! How long it takes to find one button in the accessibility tree of a program in the guest.

use crate::{
    form,
    lab::{LONG, Lab, Opened},
    loaded,
    table::{NOT_MEASURED, Row, Target, median, milliseconds},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mosdat::{
    model::{Layer, NodeQuery},
    port::{AccessibilityTree, Command, Exit, Process, Window},
};
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

const ROUNDS: usize = 15;

/// A form is there when nothing has changed for so long.
const CALM: Duration = Duration::from_secs(2);

/// Walks the tree from one node to the next, as test tools do, until it has found the button and
/// knows where it is. The first time it knows nothing; later it remembers what it saw, and looks
/// again at what has changed. Prints seconds.
const WALK: &str = r#"
import time, pyatspi
def find(node):
    if node.getRoleName() == "push button" and node.name == "Do 99":
        return node
    for child in node:
        found = child and find(child)
        if found:
            return found
for _ in range(4):
    start = time.monotonic()
    box = find(pyatspi.Registry.getDesktop(0)).queryComponent().getExtents(pyatspi.DESKTOP_COORDS)
    print(time.monotonic() - start, flush=True)
    assert box.width > 0
"#;

/// Measures lookups in a clone of `session`. `debs` holds what the walk in the guest needs.
pub(crate) async fn rows(lab: &Lab, session: &Layer, debs: Option<&Path>) -> Vec<Row> {
    let opened = lab.open(session).await;
    let command = Command {
        argv: ["python3", "-c", form::PROGRAM].map(Into::into).into(),
        ..Command::default()
    };
    let form = opened.guest.start(&command).await.unwrap();
    shows(&opened, &*form).await;
    let query = form::last_button();
    let start = Instant::now();
    let tree = opened.guest.tree().await.unwrap();
    let dialled = milliseconds(start.elapsed());
    let there = tokio::time::timeout(LONG, form::wait_for(&*tree, &query)).await;
    let first = milliseconds(start.elapsed());
    assert!(there.is_ok(), "the form has no buttons: {}", form.output());
    let (nodes, found) = lookups(&*tree, &query).await;
    let [first_walk, walk] = match debs {
        None => [NOT_MEASURED; 2],
        Some(debs) => walks(&opened, debs).await,
    };
    opened.close().await;
    let row = |name: &str, mosdat, peer, target| Row {
        name: loaded(&format!("{name}, {nodes}-node tree")),
        unit: "ms",
        mosdat,
        peer: Some(("pyatspi in the guest", peer)),
        target,
    };
    vec![
        row(
            "accessibility lookup over SSH",
            found,
            walk,
            Target::AtMost(200.0),
        ),
        row(
            "the first one, on a new connection to the bus",
            first,
            first_walk,
            Target::Shown,
        ),
        Row {
            peer: None,
            ..row(
                "of which connecting to the bus",
                dialled,
                0.0,
                Target::Shown,
            )
        },
    ]
}

/// Waits until the form's window is there and has been quiet for a moment.
async fn shows(opened: &Opened, form: &dyn Process) {
    let screen = opened.guest.screen().await.unwrap();
    let shows = async {
        let mut seen = screen.frame().await.unwrap().seq;
        let is_form = |window: &Window| window.title == "Form";
        while !opened.guest.windows().await.unwrap().iter().any(is_form) {
            seen = screen.changed(seen).await.unwrap().seq;
        }
        while let Ok(frame) = tokio::time::timeout(CALM, screen.changed(seen)).await {
            seen = frame.unwrap().seq;
        }
    };
    let shows = tokio::time::timeout(LONG, shows).await;
    assert!(shows.is_ok(), "the form does not show: {}", form.output());
}

async fn lookups(tree: &dyn AccessibilityTree, query: &NodeQuery) -> (usize, f64) {
    let (mut times, mut nodes) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let (found, whole) = tree.find(query).await.unwrap();
        times.push(milliseconds(start.elapsed()));
        assert!(found[0].extents.is_some(), "it was found without its place");
        nodes = whole.nodes.len();
    }
    (nodes, median(times))
}

/// Takes the packages into the guest without installing them, and walks. Returns what the first
/// walk takes, and what others do.
async fn walks(opened: &Opened, debs: &Path) -> [f64; 2] {
    let files = fs::read_dir(debs).unwrap().flatten();
    for file in files.filter(|file| file.path().extension().is_some_and(|it| it == "deb")) {
        let text = STANDARD.encode(fs::read(file.path()).unwrap());
        let unpack = format!("echo {text} | base64 -d > walk.deb && dpkg-deb -x walk.deb walk");
        let output = opened.shell(&unpack).await;
        assert!(output.exit == Some(Exit::Code(0)), "{output:?}");
    }
    let walk = format!(
        "export PYTHONPATH=$PWD/walk/usr/lib/python3/dist-packages\n\
         export GI_TYPELIB_PATH=$(echo $PWD/walk/usr/lib/*/girepository-1.0)\n\
         exec python3 -c '{WALK}'"
    );
    let output = opened.shell(&walk).await;
    let times: Vec<f64> = output.text.lines().flat_map(str::parse).collect();
    assert_eq!(times.len(), 4, "the walk did not end well: {}", output.text);
    [times[0] * 1e3, median(times[1..].to_vec()) * 1e3]
}
