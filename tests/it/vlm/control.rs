//! A model is believed once it has judged a picture that is known.

use super::{RED, Server, World, desktop, model, rect, settings};
use mosdat::{
    model::{Answer, Judged, VlmSettings},
    port::View,
};

fn controlled(servers: &[&Server]) -> VlmSettings {
    VlmSettings {
        control: true,
        ..settings(servers, "holo3")
    }
}

async fn judged(world: &World) -> Judged {
    let frame = desktop(400, 300, &[(RED, rect(100, 100, 50, 50))]);
    world.judge(&View::of(&frame)).await.unwrap()
}

#[tokio::test]
async fn a_model_that_always_says_the_same_is_not_believed() {
    for (answer, lie) in [
        ("yes", "says yes to `a purple rectangle is visible`"),
        ("no", "says no to `a red rectangle is visible`"),
    ] {
        let server = model("holo3").says_always(answer).start().await;
        let told = judged(&World::new(controlled(&[&server]))).await;
        assert_eq!(told.answer, Answer::Unclear);
        assert!(told.why.contains(lie), "{}", told.why);
        // Whoever does not want to know is told what the model says.
        let told = judged(&World::new(settings(&[&server], "holo3"))).await;
        assert_eq!(told.answer.as_str(), answer);
    }
}

#[tokio::test]
async fn a_model_that_sees_is_asked_for_proof_once_and_remembered() {
    let server = model("holo3").start().await;
    let world = World::new(controlled(&[&server]));
    for _ in 0..2 {
        assert_eq!(judged(&world).await.answer, Answer::Yes);
    }
    assert_eq!(server.asked().len(), 3, "one question and two for proof");
    // Another run asks nothing.
    let world = world.again(controlled(&[&server]));
    assert_eq!(judged(&world).await.answer, Answer::Yes);
    assert_eq!(server.asked().len(), 3);
}
