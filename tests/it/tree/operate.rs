//! What widgets offer, what they hold, and how they stand.

use super::{desktop::Desktop, dial, look_at_all, look_for, look_until, notes, query};
use mosdat::{model::Placement, port::TreeError};

#[tokio::test]
async fn a_button_does_what_it_offers() {
    let (_desktop, _program, tree) = notes().await;
    let button = look_for(&*tree, &query("push button", "Save")).await;
    assert_eq!(tree.actions(&button).await.unwrap(), ["click"]);
    tree.act(&button, 0).await.unwrap();
    look_for(&*tree, &query("label", "clicked")).await;
    let err = tree.act(&button, 1).await.unwrap_err();
    let words = "push button `Save` has no action 1; 0 is `click`";
    assert_eq!(err.to_string(), words);
    let frame = look_for(&*tree, &query("frame", "Notes")).await;
    assert_eq!(tree.actions(&frame).await.unwrap(), [""; 0]);
    let err = tree.act(&frame, 0).await.unwrap_err();
    assert_eq!(
        err.to_string(),
        "frame `Notes` has no action 0; it has none"
    );
}

#[tokio::test]
async fn a_button_that_is_greyed_out_does_nothing_and_one_that_is_gone_is_gone() {
    let (_desktop, mut program, tree) = notes().await;
    let mut save = query("push button", "Save");
    program.tell("freeze");
    save.states.insert("sensitive".into(), false);
    let button = look_for(&*tree, &save).await;
    let err = tree.act(&button, 0).await.unwrap_err();
    assert!(matches!(err, TreeError::GreyedOut(_)), "{err}");
    program.tell("destroy");
    save.states.clear();
    look_until(&*tree, &save, |found, whole| {
        found.is_empty() && whole.silent_apps.is_empty()
    })
    .await;
    let err = tree.act(&button, 0).await.unwrap_err();
    assert!(matches!(err, TreeError::Gone(_)), "{err}");
    assert!(matches!(
        tree.actions(&button).await,
        Err(TreeError::Gone(_))
    ));
}

#[tokio::test]
async fn a_widget_is_found_by_how_it_stands() {
    let (_desktop, mut program, tree) = notes().await;
    let mut check = query("checkbox", "Remember me");
    check.states.insert("checked".into(), true);
    assert_eq!(look_at_all(&*tree, &check).await.0, []);
    program.tell("toggle");
    look_for(&*tree, &check).await;
    let mut volume = query("slider", "Volume");
    volume.value = Some("30".into());
    assert_eq!(look_for(&*tree, &volume).await.value, "30");
    program.tell("louder");
    volume.value = Some("47.50".into());
    assert_eq!(look_for(&*tree, &volume).await.value, "47.5");
    // What browsers call an entry.
    look_for(&*tree, &query("entry", "Your name")).await;
}

#[tokio::test]
async fn a_tree_is_read_with_all_that_shows() {
    let (_desktop, _program, tree) = notes().await;
    let (_, plain) = look_at_all(&*tree, &query("push button", "Save")).await;
    let placed = tree.read_placed().await.unwrap();
    let names = |tree: &mosdat::model::Tree| -> Vec<_> {
        tree.nodes.iter().map(|node| node.id.clone()).collect()
    };
    assert_eq!(names(&placed), names(&plain));
    for node in &placed.nodes {
        let shows = node.states.iter().any(|state| state == "showing");
        assert_eq!(node.extents.is_some(), shows, "{node:?}");
        assert_eq!(node.placement == Placement::Told, shows, "{node:?}");
    }
    let entry = placed.nodes.iter().find(|node| node.name == "Your name");
    assert_eq!(entry.unwrap().text, "Ann");
    let volume = placed.nodes.iter().find(|node| node.name == "Volume");
    assert_eq!(volume.unwrap().value, "30");
}

#[tokio::test]
async fn a_stopped_program_is_not_waited_for_longer_than_a_call() {
    let desktop = Desktop::start();
    let tree = dial(&desktop).await;
    let program = desktop.program("Notes", 3);
    let button = look_for(&*tree, &query("push button", "Save")).await;
    program.stop();
    let err = tree.actions(&button).await.unwrap_err();
    assert!(matches!(err, TreeError::TimedOut { .. }), "{err}");
}
