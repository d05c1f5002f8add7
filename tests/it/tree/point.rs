//! What is at a point of the screen.

use super::{desktop::Desktop, dial, look_for, look_until, notes, query};
use mosdat::model::{Placement, Point, Rect};

fn corner(rect: Rect) -> Point {
    Point {
        x: rect.x + 1,
        y: rect.y + 1,
    }
}

#[tokio::test]
async fn the_deepest_widget_at_a_point_is_told_with_what_it_lies_in() {
    let (_desktop, _program, tree) = notes().await;
    for (role, name) in [
        ("push button", "Save"),
        ("text", "Your name"),
        ("table cell", "row 1"),
    ] {
        let node = look_for(&*tree, &query(role, name)).await;
        let at = tree
            .at(corner(node.extents.unwrap()))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(at.id, node.id, "{at:?}");
        assert_eq!((at.extents, at.depth), (node.extents, node.depth), "{at:?}");
        assert_eq!((at.app.as_str(), at.placement), ("Notes", Placement::Told));
        let around = tree.around(&at, 9).await.unwrap();
        let depths: Vec<usize> = around.iter().map(|node| node.depth).collect();
        let wanted: Vec<usize> = (0..node.depth).rev().collect();
        assert_eq!(depths, wanted);
        let window = around.last().unwrap();
        assert_eq!(
            (window.role.as_str(), window.name.as_str()),
            ("frame", "Notes")
        );
        assert!(window.extents.unwrap().holds(node.extents.unwrap()));
        assert_eq!(tree.around(&at, 1).await.unwrap(), around[..1]);
    }
}

#[tokio::test]
async fn where_there_is_no_window_nobody_knows_what_is_there() {
    let (_desktop, _program, tree) = notes().await;
    assert_eq!(tree.at(Point { x: 3, y: 3 }).await.unwrap(), None);
    assert_eq!(tree.at(Point { x: -8, y: 5000 }).await.unwrap(), None);
}

#[tokio::test]
async fn where_windows_overlap_nobody_knows_which_is_above() {
    let desktop = Desktop::start();
    let tree = dial(&desktop).await;
    let _program = desktop.program("Notes", 3);
    let node = look_for(&*tree, &query("push button", "Save")).await;
    let point = corner(node.extents.unwrap());
    assert!(tree.at(point).await.unwrap().is_some());
    // It comes to lie on the same spot.
    let other = desktop.program("Other", 3);
    let mut elsewhere = query("push button", "Save");
    elsewhere.app = "other".into();
    look_until(&*tree, &elsewhere, |found, _| {
        found
            .iter()
            .any(|node| node.extents.is_some_and(|it| it.contains(point)))
    })
    .await;
    assert_eq!(tree.at(point).await.unwrap(), None);
    other.stop();
    assert_eq!(tree.at(point).await.unwrap(), None);
}
