//! A build that is killed at any moment leaves nothing that counts as an image, and the next one
//! goes on.

use super::tools::{BUILD, World, files_below, lives};
use std::{process::Stdio, time::Duration};

/// Where it is killed, and what the next attempt does then.
const POINTS: &[(&str, &[&str])] = &[
    (
        "update",
        &[
            "update",
            "fetch",
            "got one",
            "got two",
            "got three",
            "root",
            "disk",
            "convert",
        ],
    ),
    (
        "two",
        &["update", "fetch", "got three", "root", "disk", "convert"],
    ),
    ("root", &["root", "disk", "convert"]),
    ("rooted", &["root", "disk", "convert"]),
    ("mkfs", &["disk", "convert"]),
    ("convert", &["disk", "convert"]),
];

#[test]
fn killed_at_each_point_the_next_attempt_does_the_rest() {
    for (point, rest) in POINTS {
        let world = World::new();
        let (mut child, inner) = world.held_at(point);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(
            lives(inner),
            "what a killed build has started lives on: {point}"
        );
        assert_eq!(world.list().len(), 0, "{point}");
        world.release(point);
        world.calls();
        world.build();
        assert!(!lives(inner), "the next one ends it: {point}");
        assert_eq!(world.calls(), *rest, "{point}");
        assert_eq!(world.list().len(), 1, "{point}");
        let left = files_below(&world.images().join(".build"));
        assert_eq!(left.len(), 1, "{left:?}");
    }
}

#[test]
fn killed_at_any_moment_there_is_a_whole_image_or_none() {
    let world = World::new();
    let (mut finished, mut killed) = (0, 0);
    for round in 0_u64..40 {
        let mut command = world.command(&[&BUILD[..], &["--force"]].concat());
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The moment of the kill is the point of this test; there is nothing to wait for.
        std::thread::sleep(Duration::from_millis(round * 13 % 400));
        if child.try_wait().unwrap().is_some() {
            finished += 1;
        } else {
            child.kill().unwrap();
            killed += 1;
        }
        child.wait().unwrap();
        // `list` reads every image whole and fails when one is not what it should be.
        let images = world.list();
        let current = images.iter().filter(|image| image["current"] == true);
        assert!(current.count() <= 1);
    }
    assert!(killed > 0, "{finished} came to their end");
    // One of them may have made the image: without `--force` there would be nothing to do.
    world.ok(&[&BUILD[..], &["--force"]].concat());
    let images = world.list();
    assert!(images.iter().any(|image| image["current"] == true));
    let left = files_below(&world.images().join(".build"));
    assert_eq!(left.len(), 1, "{left:?}");
}
