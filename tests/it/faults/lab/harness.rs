//! Faults of the harness: a model that is down, slow, confused or wrong, and pictures that are out of
//! date. None of them is the app's.

use super::{Row, lab, launch, run, scenario};
use crate::vlm::server::{Model, Reply};

/// The colours of the badge, by which the model knows it.
const BADGE: [u8; 3] = [0x1a, 0x5f, 0xb4];

fn judging(fault: &'static str, verdict: &'static str, told: &'static str, steps: &str) -> Row {
    Row {
        fault,
        verdict,
        told,
        yaml: scenario(&[&launch("none"), steps]),
    }
}

fn vlm(url: &str, more: &str) -> String {
    format!(
        "[vlm]\nbase_url = \"{url}\"\nmodel = \"holo3\"\nverify_model = \"holo3\"\ntimeout = 10\n{more}"
    )
}

#[test]
fn without_a_model_nothing_is_judged() {
    let rows = [
        judging(
            "no-model-verify",
            "blocked",
            "needs a vision model",
            "- verify: the badge shows\n",
        ),
        judging(
            "no-model-verify-not",
            "blocked",
            "needs a vision model",
            "- verify_not: an error shows\n",
        ),
        judging(
            "no-model-click",
            "blocked",
            "needs a vision model",
            "- localize: the badge\n",
        ),
        judging(
            "no-model-if",
            "blocked",
            "needs a vision model",
            "- {if_visible: an error, then: [{key: Escape}]}\n- shell: 'true'\n",
        ),
        judging(
            "cheaper-way-does",
            "passed",
            "",
            "- click: {role: push button, name: New, describe: the New button}\n- verify: {role: label, name: New note}\n",
        ),
        judging(
            "anchor-outdated",
            "failed",
            "nowhere on the screen",
            "- verify: {anchor: other.png}\n  timeout: 2\n",
        ),
        judging(
            "anchor-outdated-healed",
            "passed",
            "",
            "- click: {anchor: other.png, role: push button, name: New}\n- verify: {role: label, name: New note}\n",
        ),
    ];
    let project = lab(&rows, "");
    // Another picture than the one that shows: the badge, mirrored.
    let mut badge = image::open("scenarios/notes/badge.png")
        .unwrap()
        .into_rgba8();
    image::imageops::flip_vertical_in_place(&mut badge);
    badge
        .save(project.path().join("scenarios/lab/other.png"))
        .unwrap();
    run("without a model", &rows, &project);
}

#[test]
fn a_model_that_is_dead_convicts_nobody() {
    // Nobody listens there: it was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let rows = [
        judging(
            "dead-model-verify",
            "blocked",
            "vision model",
            "- verify: the badge shows\n",
        ),
        judging(
            "dead-model-verify-not",
            "blocked",
            "vision model",
            "- verify_not: an error shows\n",
        ),
        judging(
            "dead-model-click",
            "blocked",
            "vision model",
            "- localize: the badge\n",
        ),
        judging(
            "dead-model-any",
            "blocked",
            "vision model",
            "- accept_any: [one, two]\n",
        ),
    ];
    let project = lab(&rows, &vlm(&format!("http://127.0.0.1:{port}/v1"), ""));
    run("a dead model", &rows, &project);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_lies_convicts_and_acquits_nobody() {
    for (answer, rows) in [
        (
            "yes",
            [
                ("model-always-yes-verify", "- verify: an error shows\n"),
                (
                    "model-always-yes-verify-not",
                    "- verify_not: an error shows\n  verify_timeout: 4\n",
                ),
            ],
        ),
        (
            "no",
            [
                (
                    "model-always-no-verify",
                    "- verify: the badge shows\n  verify_timeout: 4\n",
                ),
                (
                    "model-always-no-verify-not",
                    "- verify_not: the badge shows\n",
                ),
            ],
        ),
    ] {
        let server = Model::named("holo3").says_always(answer).start().await;
        let rows =
            rows.map(|(fault, steps)| judging(fault, "blocked", "cannot be believed", steps));
        let project = lab(&rows, &vlm(&server.url(), ""));
        tokio::task::spawn_blocking(move || {
            run(
                &format!("a model that always says {answer}"),
                &rows,
                &project,
            );
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_confused_convicts_nobody() {
    let replies: [(&'static str, &'static str, Reply); 3] = [
        (
            "model-garbage",
            "blocked",
            Reply::Says("I like turtles".into()),
        ),
        ("model-refuses", "blocked", Reply::Status(400)),
        ("model-busy", "blocked", Reply::Status(503)),
    ];
    for (fault, verdict, reply) in replies {
        let server = Model::named("holo3")
            .thing("badge", BADGE)
            .shows("badge", BADGE)
            .start()
            .await;
        server.next(std::iter::repeat_n(reply, 60));
        let rows = [judging(
            fault,
            verdict,
            "",
            "- verify_not: the badge shows\n  verify_timeout: 4\n",
        )];
        let project = lab(&rows, &vlm(&server.url(), ""));
        tokio::task::spawn_blocking(move || run(fault, &rows, &project))
            .await
            .unwrap();
    }
}
