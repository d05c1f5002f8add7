//! Parts of scenarios: only their steps are carried out, under the numbers they have in the whole.

use super::{Scene, Told, script};
use mosdat::{
    model::Event,
    scenario::{Bound, Bounds, Script},
};

fn part(yaml: &str, from: usize, until: usize) -> Script {
    let mut script = script(yaml);
    let bounds = Bounds {
        from: Some(Bound::Step(from)),
        until: Some(Bound::Step(until)),
    };
    script.only = script.part(&bounds).unwrap();
    script
}

fn numbers(told: &Told) -> Vec<String> {
    let paths = told.events.iter().filter_map(|event| match event {
        Event::Instruction { path, .. } => Some(path.clone()),
        _ => None,
    });
    paths.collect()
}

#[tokio::test(start_paused = true)]
async fn only_the_steps_of_a_part_are_done_and_the_cleanup() {
    let scene = Scene::new();
    let yaml = "steps: [{shell: a}, {shell: b}, {shell: c}, {shell: d}]\ncleanup: [{shell: z}]";
    let told = scene.play_script(&part(yaml, 2, 3), async {}).await;
    told.passed();
    assert_eq!(scene.desktop.state().shells, ["b", "c", "z"]);
    assert_eq!(numbers(&told), ["2", "3", "5"]);
}

#[tokio::test(start_paused = true)]
async fn whether_a_bug_shows_is_only_asked_where_the_part_leads_there() {
    let yaml = "kind: bug-confirmation\nissue: {id: 1}\nprecondition_check: {window: Notes}\n\
        bug_signal: {window: Error}\nsteps: [{shell: a}, {shell: b}]";
    let scene = Scene::new();
    scene
        .play_script(&part(yaml, 1, 1), async {})
        .await
        .passed();
    let told = scene.play_script(&part(yaml, 2, 2), async {}).await;
    assert_eq!(
        told.outcome.verdict.as_str(),
        "blocked",
        "{}",
        told.outcome.detail
    );
}
