//! Accessibility trees of real programs on a private desktop.

mod desktop;
mod operate;
mod peculiar;
mod point;
mod worker;

use async_trait::async_trait;
use desktop::{Desktop, Program, Session};
use mosdat::{
    driver::atspi::AtspiDialer,
    model::{Node, NodeQuery, Placement, Point, SilentApp, Tree},
    port::{
        AccessibilityTree, BusAddress, Origin, ToldWindow, TreeDialer, TreeError, WindowOrigin,
    },
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn query(role: &str, name: &str) -> NodeQuery {
    NodeQuery {
        role: role.into(),
        name: Some(name.into()),
        ..NodeQuery::default()
    }
}

async fn dial(desktop: &Desktop) -> Arc<dyn AccessibilityTree> {
    AtspiDialer.dial(&desktop.bus).await.unwrap()
}

/// Looks until `is_right`, again after each change.
async fn look_until(
    tree: &dyn AccessibilityTree,
    query: &NodeQuery,
    is_right: impl Fn(&[Node], &Tree) -> bool,
) -> (Vec<Node>, Tree) {
    let looking = async {
        loop {
            let seen = tree.generation();
            let (found, whole) = tree.find(query).await.unwrap();
            if is_right(&found, &whole) {
                return (found, whole);
            }
            tree.changed(seen).await.unwrap();
        }
    };
    let right = timeout(PATIENCE, looking).await;
    right.unwrap_or_else(|_| panic!("{query} never became right"))
}

/// Looks until every application was seen wholly: on a busy machine one may be silent for a time.
async fn look_at_all(tree: &dyn AccessibilityTree, query: &NodeQuery) -> (Vec<Node>, Tree) {
    let looking = async {
        loop {
            let (found, whole) = tree.find(query).await.unwrap();
            if whole.silent_apps.is_empty() {
                return (found, whole);
            }
        }
    };
    timeout(PATIENCE, looking).await.expect("all are seen")
}

async fn look_for(tree: &dyn AccessibilityTree, query: &NodeQuery) -> Node {
    let (mut found, _) = look_until(tree, query, |found, _| !found.is_empty()).await;
    found.remove(0)
}

/// A desktop with one program that has shown its last widget.
async fn notes() -> (Desktop, Program, Arc<dyn AccessibilityTree>) {
    let desktop = Desktop::start();
    let tree = dial(&desktop).await;
    let program = desktop.program("Notes", 3);
    look_for(tree.as_ref(), &query("table cell", "row 2")).await;
    (desktop, program, tree)
}

#[tokio::test]
async fn a_button_is_found_by_role_and_name_where_it_is_on_the_screen() {
    let (_desktop, _program, tree) = notes().await;
    let (found, whole) = look_at_all(tree.as_ref(), &query("push button", "Save")).await;
    let [button] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!((button.app.as_str(), button.depth), ("Notes", 2));
    assert!(button.states.contains(&"showing".to_owned()));
    let place = button.extents.unwrap();
    assert!(place.x > 200 && place.y > 100, "{place}");
    assert!(
        place.x + place.width < 1024 && place.y + place.height < 768,
        "{place}"
    );
    assert_eq!(tree.place(button).await.unwrap(), Some(place));
    assert_eq!(whole.apps, ["Notes"]);
    assert_eq!(whole.silent_apps, []);
    let windows = whole.nodes.iter().filter(|node| node.depth == 0);
    let windows: Vec<_> = windows
        .map(|node| (node.role.as_str(), node.name.as_str()))
        .collect();
    assert_eq!(windows, [("frame", "Notes")]);
}

#[tokio::test]
async fn the_text_of_an_entry_is_read_and_looked_for() {
    let (_desktop, _program, tree) = notes().await;
    let mut entry = query("text", "Your name");
    let (found, _) = look_at_all(tree.as_ref(), &entry).await;
    assert_eq!(found[0].text, "Ann");
    entry.text = Some("An".into());
    assert_eq!(look_at_all(tree.as_ref(), &entry).await.0.len(), 1);
    entry.text = Some("Bob".into());
    assert_eq!(look_at_all(tree.as_ref(), &entry).await.0, []);
}

#[tokio::test]
async fn a_change_wakes_who_waits_and_is_not_missed_by_who_was_busy() {
    let (_desktop, mut program, tree) = notes().await;
    let check = query("check box", "Remember me");
    let checked = |found: &[Node]| {
        found
            .iter()
            .any(|n| n.states.contains(&"checked".to_owned()))
    };
    let (found, _) = look_at_all(tree.as_ref(), &check).await;
    assert!(!checked(&found));
    let before = tree.generation();
    program.tell("toggle");
    look_until(tree.as_ref(), &check, |found, _| checked(found)).await;
    // Events of that change were counted while nobody waited for them.
    timeout(PATIENCE, tree.changed(before))
        .await
        .unwrap()
        .unwrap();
    program.tell("say saved");
    let label = look_for(tree.as_ref(), &query("label", "saved")).await;
    assert_eq!(label.text, "saved");
}

#[tokio::test]
async fn a_hidden_widget_is_not_found_until_it_shows() {
    let (_desktop, mut program, tree) = notes().await;
    let secret = query("push button", "Secret");
    let (found, whole) = look_at_all(tree.as_ref(), &secret).await;
    assert_eq!(found, []);
    let hidden = whole
        .nodes
        .iter()
        .find(|node| node.name == "Secret")
        .unwrap();
    assert_eq!(hidden.extents, None);
    assert_eq!(tree.place(hidden).await.unwrap(), None);
    program.tell("reveal");
    let shown = look_for(tree.as_ref(), &secret).await;
    assert!(shown.extents.is_some());
}

#[tokio::test]
async fn a_stopped_program_is_named_silent_and_holds_up_no_other() {
    let (desktop, _program, tree) = notes().await;
    let other = desktop.program("Other", 0);
    let mut label = query("label", "ready");
    label.app = "other".into();
    look_for(tree.as_ref(), &label).await;
    other.stop();
    let save = query("push button", "Save");
    let looking = async {
        loop {
            let (found, whole) = tree.find(&save).await.unwrap();
            assert_eq!(whole.silent_apps[0].name.as_deref(), Some("Other"));
            assert!(!whole.apps.contains(&"Other".to_owned()), "{whole:?}");
            if !found.is_empty() {
                return whole;
            }
        }
    };
    let whole = timeout(PATIENCE, looking).await.unwrap();
    assert_eq!(whole.apps, ["Notes"]);
    // Who never heard its name says at least which process it is.
    let stranger = dial(&desktop).await;
    let silent = stranger.read().await.unwrap().silent_apps;
    let unnamed = SilentApp {
        name: None,
        label: format!("process {}", other.id()),
    };
    assert!(silent.contains(&unnamed), "{silent:?}");
    other.go_on();
    look_until(tree.as_ref(), &label, |found, whole| {
        !found.is_empty() && whole.silent_apps.is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_killed_program_is_no_error() {
    let (_desktop, program, tree) = notes().await;
    let button = look_for(tree.as_ref(), &query("push button", "Save")).await;
    drop(program);
    assert_eq!(tree.place(&button).await.unwrap(), None);
    let frame = query("frame", "Notes");
    let (_, left) = look_until(tree.as_ref(), &frame, |_, whole| whole.apps.is_empty()).await;
    assert_eq!(left, Tree::default());
}

#[tokio::test]
async fn a_program_that_ran_before_anybody_looked_is_seen() {
    let desktop = Desktop::start();
    let _program = desktop.program("Notes", 3);
    let tree = dial(&desktop).await;
    look_for(tree.as_ref(), &query("push button", "Save")).await;
}

#[tokio::test]
async fn a_long_list_is_left_out_and_said_to_be() {
    let desktop = Desktop::start();
    let tree = dial(&desktop).await;
    // Its column has a header, which is a widget, too.
    let _program = desktop.program("Files", 2999);
    let (_, whole) = look_until(
        tree.as_ref(),
        &query("push button", "Save"),
        |found, whole| !found.is_empty() && !whole.silent_apps.is_empty(),
    )
    .await;
    let files = SilentApp {
        name: Some("Files".into()),
        label: "Files (a table of 3000 widgets was not read)".into(),
    };
    assert_eq!(whole.silent_apps, [files]);
}

#[derive(Debug)]
struct Compositor;

#[async_trait]
impl WindowOrigin for Compositor {
    async fn origin(&self, window: &dyn ToldWindow) -> Option<Origin> {
        let is_known = window.app() == "Notes" && window.title() == "Notes";
        is_known.then_some(Origin {
            at: Point { x: 40, y: 7 },
            scale: 1.5,
            placement: Placement::Measured,
        })
    }
}

#[tokio::test]
async fn places_are_scaled_and_moved_by_where_the_window_is() {
    let (desktop, _program, tree) = notes().await;
    let windows = Arc::new(Compositor);
    let among = AtspiDialer.dial_among(&desktop.bus, windows).await.unwrap();
    let button = query("push button", "Save");
    let told = look_for(tree.as_ref(), &button).await.extents.unwrap();
    let moved = look_for(among.as_ref(), &button).await;
    let place = moved.extents.unwrap();
    let scaled = |told: i32| (f64::from(told) * 1.5).round() as i32;
    let wanted = (scaled(told.x) + 40, scaled(told.y) + 7);
    assert_eq!((place.x, place.y), wanted);
    let right = scaled(told.x + told.width) + 40;
    assert_eq!(place.x + place.width, right);
    assert_eq!(moved.placement, Placement::Measured);
    assert_eq!(among.place(&moved).await.unwrap(), Some(place));
    let _unknown = desktop.program("Other", 0);
    let mut elsewhere = button;
    elsewhere.app = "other".into();
    let lost = look_for(among.as_ref(), &elsewhere).await;
    assert_eq!(lost.extents, None);
    assert_eq!(lost.placement, Placement::Unconfirmed);
    assert_eq!(among.place(&lost).await.unwrap(), None);
}

#[tokio::test]
async fn a_desktop_without_programs_has_no_apps() {
    let desktop = Desktop::start();
    let tree = dial(&desktop).await;
    assert_eq!(tree.read().await.unwrap(), Tree::default());
}

#[tokio::test]
async fn a_killed_bus_is_lost() {
    let (mut desktop, _program, tree) = notes().await;
    desktop.end_bus();
    let waiting = async {
        loop {
            if let Err(err) = tree.changed(tree.generation()).await {
                return err;
            }
        }
    };
    let err = timeout(PATIENCE, waiting).await.unwrap();
    assert!(matches!(err, TreeError::Lost(_)), "{err:?}");
    let err = tree.read().await.unwrap_err();
    assert!(matches!(err, TreeError::Lost(_)), "{err:?}");
    let err = tree.find(&query("push button", "Save")).await.unwrap_err();
    assert!(matches!(err, TreeError::Lost(_)), "{err:?}");
}

#[tokio::test]
async fn an_absent_bus_is_no_bus() {
    for session_bus in [
        "unix:path=/nonexistent/bus",
        "tcp:host=localhost,port=1",
        "",
    ] {
        let session_bus = session_bus.to_owned();
        let address = BusAddress {
            sockets: Arc::new(mosdat::driver::local::LocalSockets),
            session_bus,
            uid: 0,
        };
        let err = AtspiDialer.dial(&address).await.unwrap_err();
        assert!(matches!(err, TreeError::NoBus(_)), "{err:?}");
    }
}

#[tokio::test]
async fn a_session_without_accessibility_is_no_bus() {
    let desktop = Desktop::with(Session::Bare);
    let err = AtspiDialer.dial(&desktop.bus).await.unwrap_err();
    assert!(matches!(err, TreeError::NoBus(_)), "{err:?}");
}

#[tokio::test(start_paused = true)]
async fn a_mute_bus_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus");
    let _listener = tokio::net::UnixListener::bind(&path).unwrap();
    let address = BusAddress {
        sockets: Arc::new(mosdat::driver::local::LocalSockets),
        session_bus: format!("unix:path={}", path.display()),
        uid: 0,
    };
    let err = AtspiDialer.dial(&address).await.unwrap_err();
    assert!(matches!(err, TreeError::TimedOut { .. }), "{err:?}");
}

#[tokio::test]
async fn a_session_of_another_user_is_read_where_it_lets_us_in() {
    let desktop = Desktop::with(Session::ForeignWithRoot);
    let tree = dial(&desktop).await;
    let _program = desktop.program("Notes", 3);
    look_for(tree.as_ref(), &query("push button", "Save")).await;
}

#[tokio::test]
async fn a_session_of_another_user_that_refuses_root_is_no_bus() {
    let desktop = Desktop::with(Session::Foreign);
    let dialed = AtspiDialer.dial(&desktop.bus).await;
    if desktop.bus.uid == rustix::process::geteuid().as_raw() {
        // Without the power to become somebody else it is our own.
        dialed.unwrap();
        return;
    }
    let err = dialed.unwrap_err();
    assert!(matches!(err, TreeError::NoBus(_)), "{err:?}");
    assert!(err.to_string().contains("lets root in only where"), "{err}");
}
