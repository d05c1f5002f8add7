//! Targets that are found by their picture the next time.

use super::{Model, Stage};
use mosdat::{driver::disk::DiskAnchors, port::Input};

#[tokio::test(start_paused = true)]
async fn a_target_that_was_confirmed_is_found_by_its_picture_the_next_time() {
    let dir = tempfile::tempdir().unwrap();
    let yaml = "steps: [{localize: the badge, verify: {role: label, name: Saved}}]";
    let run = |at: (u32, u32)| {
        let stage = Stage::new(Model::new())
            .shows(Some(at))
            .remembers(dir.path());
        stage.scene.desktop.state().on_input = Some(|state, input| {
            if matches!(input, Input::Press(_)) {
                state.add("label", "Saved");
            }
        });
        stage
    };
    let first = run((9, 5));
    first.play(yaml).await.passed();
    assert_eq!(first.model.asked(), 1);
    let second = run((9, 5));
    let told = second.play(yaml).await;
    told.passed();
    assert_eq!(second.model.asked(), 0);
    assert!(
        told.instructions()[0].contains("remembered, exact 1.000"),
        "{:?}",
        told.instructions()
    );
    assert_eq!(second.clicks(), first.clicks());
    // It looks otherwise now: a model finds it, and the new picture is only proposed.
    let third = run((9, 5));
    third.scene.desktop.change(|state| {
        state.nodes.clear();
        state.draw(Some((30, 20)));
    });
    let told = third.play(yaml).await;
    told.passed();
    assert!(
        told.logs().contains("mosdat anchors review"),
        "{}",
        told.logs()
    );
    let proposals = DiskAnchors::new(dir.path().into()).proposals().unwrap();
    assert_eq!(proposals.len(), 1);
    assert_eq!(proposals[0].target, "the badge");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_confirmed_is_not_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let stage = Stage::new(Model::new())
        .shows(Some((9, 5)))
        .remembers(dir.path());
    stage.play("steps: [{localize: the badge}]").await.passed();
    stage
        .play("steps: [{localize: the badge, verify: {role: label, name: No}, retries: 1, verify_timeout: 1}]")
        .await
        .failed("No");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}
