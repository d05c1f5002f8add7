//! The commands about vision models, run as a user runs them.

use super::{
    probing::model,
    server::{Form, Order, Reply, Server, Units},
    with_button, without_button,
};
use crate::project::{FLEET, Project, Ran};
use mosdat::{
    driver::{
        disk::SystemClock,
        vlm::{Vlm, VlmConfig, VlmLimits},
    },
    model::VlmSettings,
    port::{View, Vision as _},
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

fn project(server: &Server, more: &str) -> Project {
    let url = server.url();
    let vlm = format!("[vlm]\nbase_url = \"{url}\"\nmodel = \"qwen3-vl-8b\"\n{more}\n");
    Project::new(&format!("{FLEET}{vlm}"))
}

/// Runs the program while the server of this test answers.
async fn run(project: Project, arguments: &'static [&'static str]) -> (Project, Ran) {
    let work = move || {
        let ran = project.run(arguments);
        (project, ran)
    };
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test]
async fn the_probe_says_that_a_model_can_be_used() {
    let server = model("qwen3-vl-8b").tells(Units::Thousandths, Order::Xy, Form::Box);
    let server = server.multiple(32).start().await;
    let (_, ran) = run(project(&server, ""), &["vlm", "probe", "plan.toml"]).await;
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert!(
        ran.out.contains("told in thousandths (box), as expected"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("1920x1088"), "{}", ran.out);
    assert!(ran.out.contains("fits thousandths"), "{}", ran.out);
}

#[tokio::test]
async fn the_probe_fails_loudly_where_places_are_told_otherwise() {
    let server = model("qwen3-vl-8b").tells(Units::Pixels, Order::Xy, Form::Box);
    let server = server.start().await;
    let (_, ran) = run(
        project(&server, ""),
        &["vlm", "probe", "plan.toml", "--json"],
    )
    .await;
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["is_good"], false);
    assert_eq!(report["fits"][0]["unit"], "pixels");
    assert_eq!(report["fits"][0]["fits"], true);
    let checks = report["checks"].as_array().unwrap();
    let places = checks
        .iter()
        .find(|check| check["what"] == "places")
        .unwrap();
    assert_eq!(places["health"], "bad");
    assert!(
        places["detail"]
            .as_str()
            .unwrap()
            .contains("`coordinates = \"pixels\"`")
    );
}

#[tokio::test]
async fn the_probe_needs_a_model_that_answers() {
    let nothing = Project::new(FLEET);
    let (_, ran) = run(nothing, &["vlm", "probe", "plan.toml"]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("no `[vlm]` table"), "{}", ran.err);
    let server = model("qwen3-vl-8b").start().await;
    server.next([Reply::Status(403)]);
    let (_, ran) = run(project(&server, ""), &["vlm", "probe", "plan.toml"]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("403"), "{}", ran.err);
    let keyless = project(&server, "api_key = \"env:NOWHERE\"");
    let (_, ran) = run(keyless, &["vlm", "probe", "plan.toml"]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("`NOWHERE` is not set"), "{}", ran.err);
}

#[tokio::test]
async fn what_was_answered_is_counted_pruned_and_cleared() {
    let server = super::model("qwen3-vl-8b").start().await;
    let project = project(&server, "");
    let vlm = Vlm::new(VlmConfig {
        settings: VlmSettings {
            endpoints: vec![server.url()],
            model: Some("qwen3-vl-8b".into()),
            control: false,
            ..VlmSettings::default()
        },
        key: None,
        secrets: Vec::new(),
        cache_dir: project.state().join("cache/vlm"),
        log: project.state().join("logs/vlm.jsonl"),
        clock: Arc::new(SystemClock),
        limits: VlmLimits::usual(Duration::from_secs(20)),
    });
    for frame in [with_button(), without_button(), with_button()] {
        vlm.judge(&View::of(&frame), super::SHOWN).await.unwrap();
    }
    vlm.locate(&View::of(&without_button()), super::BUTTON)
        .await
        .unwrap();
    let stats = |project: &Project| -> Value {
        serde_json::from_str(&project.ok(&["vlm-cache", "stats", "plan.toml", "--json"])).unwrap()
    };
    let before = stats(&project);
    assert_eq!(
        (&before["entries"], &before["judgements"]),
        (&3.into(), &2.into())
    );
    assert_eq!((&before["hits"], &before["misses"]), (&1.into(), &3.into()));
    assert_eq!(before["format_version"], 1);
    let shown = project.ok(&["vlm-cache", "stats", "plan.toml"]);
    assert!(
        shown.contains("3 answers (2 judgements, 1 places)"),
        "{shown}"
    );
    let prune = ["vlm-cache", "prune", "plan.toml", "--older-than"];
    let pruned = project.ok(&[&prune[..], &["7d"]].concat());
    assert_eq!(pruned, "forgot 0 answers\n");
    let wrong = project.run(&[&prune[..], &["soon"]].concat());
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.err.contains("`7d`"), "{}", wrong.err);
    let cleared = project.ok(&["vlm-cache", "clear", "plan.toml", "--json"]);
    let cleared: Value = serde_json::from_str(&cleared).unwrap();
    assert_eq!(cleared["removed"], 3);
    assert_eq!(stats(&project)["entries"], 0);
    assert_eq!(stats(&project)["hits"], 0);
}
