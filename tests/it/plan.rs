//! What is planned after what change.

use crate::world::{TestWorld, exercise, machine, runs};
use mosdat::{
    model::{
        Event, Gpu, Layer, Phase, Presence, Reason, Record, Release, RunId, StepHash, StepKey,
        Verdict,
    },
    plan::select::{Filter, Selection},
};

async fn applied(machines: &[&str], scenarios: &[&str]) -> TestWorld {
    let mut world = TestWorld::new(machines, scenarios);
    let (applied, _) = world.apply().await;
    assert_eq!(applied.exit_code, 0);
    world
}

#[tokio::test(start_paused = true)]
async fn everything_is_new_at_first_and_nothing_is_due_after() {
    let mut world = TestWorld::new(&["fedora", "debian"], &["login"]);
    insta::assert_snapshot!(runs(&world.plan().await), @r"
    fedora:restore  # never run, from base
    main.deb:build  # never run
    fedora/none/main.deb:install  # never run, from base
    fedora/none/main.deb/login:exercise  # never run
    debian:restore  # never run, from base
    debian/none/main.deb:install  # never run, from base
    debian/none/main.deb/login:exercise  # never run
    ");
    world.apply().await;
    assert!(
        world.plan().await.is_empty(),
        "{}",
        runs(&world.plan().await)
    );
}

#[tokio::test(start_paused = true)]
async fn a_changed_scenario_runs_where_it_is_used_from_the_installed_layer() {
    let mut world = applied(&["fedora"], &["login", "quit"]).await;
    world.edit_scenario("quit", "quit twice");
    let plan = world.plan().await;
    let (step, reason) = plan.runs().next().unwrap();
    assert_eq!(plan.runs().count(), 1);
    assert_eq!(step.key, exercise("fedora", "quit"));
    assert!(
        step.from
            .as_ref()
            .unwrap()
            .to_string()
            .starts_with("mosdat-")
    );
    assert!(
        matches!(reason, Reason::InputsChanged { ingredient, .. } if ingredient == "file quit.yaml")
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_layer_is_made_again_only_when_something_starts_from_it() {
    let mut world = applied(&["fedora"], &["login", "quit"]).await;
    let mut observed = world.observe().await;
    for presence in observed.machines.values_mut() {
        let Presence::Present { layers, .. } = presence else {
            panic!("the machine is there");
        };
        layers.clear();
    }
    assert!(world.plan_seeing(&observed).is_empty());
    world.edit_scenario("quit", "quit twice");
    let plan = world.plan_seeing(&observed);
    let keys: Vec<_> = plan
        .runs()
        .map(|(step, reason)| (step.phase, reason.kind()))
        .collect();
    assert_eq!(
        keys,
        [
            (Phase::Install, "needed_by"),
            (Phase::Exercise, "inputs_changed")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_source_that_builds_to_the_same_cuts_the_rest_off() {
    let mut world = applied(&["fedora"], &["login"]).await;
    // The simulated artifact depends on the step's inputs, so the same inputs make the same.
    world.selection.replaces = vec![Filter::parse("phase(build)").unwrap()];
    let plan = world.plan().await;
    assert_eq!(plan.by_reason(), [("forced", 1), ("upstream", 2)].into());
    let pending = plan
        .runs()
        .filter(|(step, _)| step.hash == StepHash::Pending);
    assert_eq!(pending.count(), 2);
    let (applied, events) = world.apply().await;
    assert_eq!(applied.exit_code, 0);
    let cut_off = events
        .iter()
        .filter(|e| matches!(e, Event::StepKept { cut_off: true, .. }));
    assert_eq!(cut_off.count(), 2);
    assert_eq!(crate::world::started(&events), ["main.deb:build"]);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_builds_to_something_else_installs_and_exercises_again() {
    let mut world = applied(&["fedora", "debian"], &["login"]).await;
    world.sources.insert("main", "commit 2");
    let (_, events) = world.apply().await;
    let mut started = crate::world::started(&events);
    started.sort();
    assert_eq!(
        started,
        [
            "debian/none/main.deb/login:exercise",
            "debian/none/main.deb:install",
            "fedora/none/main.deb/login:exercise",
            "fedora/none/main.deb:install",
            "main.deb:build",
        ]
    );
    assert!(world.plan().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_retaken_base_snapshot_makes_everything_on_that_machine_due() {
    let world = applied(&["fedora", "debian"], &["login"]).await;
    let mut observed = world.observe().await;
    if let Some(Presence::Present { base, .. }) = observed.machines.get_mut(&"fedora".into()) {
        base.push_str(" retaken");
    }
    let plan = world.plan_seeing(&observed);
    assert_eq!(plan.runs().count(), 3);
    for (step, reason) in plan.runs() {
        assert_eq!(step.machine.as_ref().unwrap().as_str(), "fedora");
        let Reason::InputsChanged {
            ingredient, root, ..
        } = reason
        else {
            panic!("{reason}");
        };
        assert_eq!(
            (ingredient.as_str(), root.as_str()),
            ("base", "fedora:restore")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_machine_is_no_reason_to_run() {
    let world = applied(&["fedora"], &["login"]).await;
    let mut observed = world.observe().await;
    let silence = Presence::Unknown {
        why: "no answer".into(),
    };
    observed.machines.insert("fedora".into(), silence);
    assert!(world.plan_seeing(&observed).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_failed_cell_is_due_again_and_nothing_else() {
    let mut world = TestWorld::new(&["fedora"], &["login", "quit"]);
    world.settings.fail_rate = 1.0;
    let (applied, _) = world.apply().await;
    assert_eq!(applied.exit_code, 3);
    let plan = world.plan().await;
    assert_eq!(plan.by_reason(), [("did_not_pass", 2)].into());
}

#[tokio::test(start_paused = true)]
async fn an_expected_failure_holds_and_an_unexpected_pass_does_not() {
    let mut world = TestWorld::new(&["fedora"], &["login"]);
    world.expect_failure("login");
    world.settings.fail_rate = 1.0;
    let (applied, _) = world.apply().await;
    assert_eq!(applied.exit_code, 0);
    assert_eq!(applied.summary.verdicts, [(Verdict::Expected, 1)].into());
    assert!(world.plan().await.is_empty());
    // The plan file changes its mind: the recorded failure counts as one.
    for cell in &mut world.desired.cells {
        cell.expect = None;
    }
    assert_eq!(world.plan().await.by_reason(), [("did_not_pass", 1)].into());
    world.expect_failure("login");
    world.settings.fail_rate = 0.0;
    world.edit_scenario("login", "log in for real");
    let (applied, events) = world.apply().await;
    assert_eq!(applied.exit_code, 3);
    assert!(events.iter().any(|event| matches!(
        event,
        Event::StepFinished { detail, .. } if detail.contains("though the plan file expects")
    )));
}

#[tokio::test(start_paused = true)]
async fn a_step_without_an_end_is_unknown_and_runs_again() {
    let mut world = applied(&["fedora"], &["login"]).await;
    world.recorded.apply(Record::Started {
        key: exercise("fedora", "login"),
        run: RunId::new("crashed"),
    });
    assert_eq!(
        world.plan().await.by_reason(),
        [("unknown_outcome", 1)].into()
    );
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_left_the_plan_gives_its_layers_back() {
    let mut world = applied(&["fedora", "debian"], &["login"]).await;
    world.desired.machines.remove(&"debian".into());
    world
        .desired
        .cells
        .retain(|cell| cell.machine.as_str() == "fedora");
    let plan = world.plan().await;
    assert!(
        matches!(plan.releases[..], [Release::Layer(ref machine, _)] if machine.as_str() == "debian")
    );
    world.apply().await;
    assert!(world.plan().await.is_empty());
    assert_eq!(world.recorded.layers.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_layers_what_lies_between_is_redone() {
    let mut world = TestWorld::new(&["fedora"], &["login", "quit"]);
    for machine in world.desired.machines.values_mut() {
        machine.abilities.layers = false;
    }
    world.apply().await;
    world.edit_scenario("quit", "quit twice");
    let plan = world.plan().await;
    let (step, _) = plan.runs().next().unwrap();
    assert_eq!(plan.runs().count(), 1);
    assert_eq!(
        step.redo
            .iter()
            .map(|i| plan.step(*i).phase)
            .collect::<Vec<_>>(),
        [Phase::Install]
    );
    let (applied, _) = world.apply().await;
    assert_eq!(applied.exit_code, 0);
}

/// Has every cell want a GPU.
fn want_gpu(world: &mut TestWorld) {
    let gpu = Gpu {
        name: "rtx".into(),
        pci: Some("0000:01:00".into()),
        mapping: None,
        is_primary: false,
        take_over: false,
    };
    world.desired.gpus.insert("rtx".into(), gpu);
    for cell in &mut world.desired.cells {
        cell.gpu = "rtx".into();
    }
}

#[tokio::test(start_paused = true)]
async fn gpus_and_live_layers_add_their_steps() {
    let mut world = TestWorld::new(&["fedora"], &["login"]);
    want_gpu(&mut world);
    for machine in world.desired.machines.values_mut() {
        machine.abilities.live_layers = mosdat::model::LiveLayers::Always;
    }
    insta::assert_snapshot!(runs(&world.plan().await), @r"
    fedora:restore  # never run, from base
    fedora/rtx:attach-gpu  # never run, from base
    main.deb:build  # never run
    fedora/rtx/main.deb:install  # never run, from base
    fedora/rtx/main.deb:checkpoint  # never run
    fedora/rtx/main.deb/login:exercise  # never run
    ");
    let (applied, _) = world.apply().await;
    assert_eq!(applied.exit_code, 0);
    assert!(world.plan().await.is_empty());
    // Both the installed state and the open session are kept.
    assert_eq!(world.recorded.layers.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_is_kept_once_started_boots_once() {
    let mut world = TestWorld::new(&["fedora"], &["login"]);
    for machine in world.desired.machines.values_mut() {
        machine.abilities.base_layer = true;
        machine.abilities.live_layers = mosdat::model::LiveLayers::Always;
    }
    let plan = world.plan().await;
    let step = |phase| plan.steps.iter().find(|step| step.phase == phase).unwrap();
    let (restore, install) = (step(Phase::Restore), step(Phase::Install));
    assert_eq!(restore.from, Some(Layer::Base));
    assert!(restore.leaves.is_some());
    assert_eq!(install.from, restore.leaves.clone().map(Layer::Kept));
    let (applied, _) = world.apply().await;
    assert_eq!(applied.exit_code, 0);
    // The started, the installed and the open machine.
    assert_eq!(world.recorded.layers.len(), 3);
    assert!(world.plan().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_machine_boots_with_its_gpu_whatever_sessions_are_kept() {
    let mut world = TestWorld::new(&["fedora"], &["login"]);
    want_gpu(&mut world);
    for machine in world.desired.machines.values_mut() {
        machine.abilities.base_layer = true;
        machine.abilities.live_layers = mosdat::model::LiveLayers::WithoutGpu;
    }
    let plan = world.plan().await;
    let step = |phase| plan.steps.iter().find(|step| step.phase == phase).unwrap();
    assert_eq!(step(Phase::AttachGpu).from, Some(Layer::Base));
    assert_eq!(step(Phase::Install).from, Some(Layer::Base));
    assert!(
        plan.steps
            .iter()
            .all(|step| step.phase != Phase::Checkpoint)
    );
    let (applied, _) = world.apply().await;
    assert_eq!(applied.exit_code, 0);
    assert!(world.plan().await.is_empty());
    // What is done with the GPU needs no session without it.
    world.recorded.layers.clear();
    world.edit_scenario("login", "another");
    let plan = world.plan().await;
    let restore = plan.steps.iter().find(|step| step.phase == Phase::Restore);
    assert!(!restore.unwrap().will_run());
}

#[tokio::test(start_paused = true)]
async fn selection_narrows_to_what_is_asked_for_and_needed() {
    let mut world = TestWorld::new(&["fedora", "debian"], &["login", "quit"]);
    let filter = |text| vec![Filter::parse(text).unwrap()];
    world.selection = Selection {
        targets: filter("machine(debian) & scenario(quit)"),
        ..Selection::default()
    };
    insta::assert_snapshot!(runs(&world.plan().await), @r"
    main.deb:build  # never run
    debian:restore  # never run, from base
    debian/none/main.deb:install  # never run, from base
    debian/none/main.deb/quit:exercise  # never run
    ");
    world.selection = Selection {
        excludes: filter("debian/none/main.deb:install | scenario(quit)"),
        ..Selection::default()
    };
    insta::assert_snapshot!(runs(&world.plan().await), @r"
    fedora:restore  # never run, from base
    main.deb:build  # never run
    fedora/none/main.deb:install  # never run, from base
    fedora/none/main.deb/login:exercise  # never run
    ");
}

#[tokio::test(start_paused = true)]
async fn partitions_cover_everything_once() {
    let mut world = TestWorld::new(&["a", "b", "c"], &["u", "v", "w", "x"]);
    let mut all = Vec::new();
    for part in 1..=3 {
        world.selection.partition = Some((part, 3));
        let plan = world.plan().await;
        let exercises = plan
            .steps
            .iter()
            .filter(|step| step.phase == Phase::Exercise);
        all.extend(exercises.map(|step| step.key.clone()));
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 12);
}

#[tokio::test(start_paused = true)]
async fn a_lost_package_is_built_again_only_when_it_is_needed() {
    let mut world = applied(&["fedora"], &["login"]).await;
    let mut observed = world.observe().await;
    let build = StepKey::build(&"main".into(), &"deb".into());
    observed
        .lost_artifacts
        .extend(world.recorded.steps[&build].output);
    assert!(world.plan_seeing(&observed).is_empty());
    world
        .desired
        .machines
        .insert("debian".into(), machine("debian"));
    world
        .desired
        .cells
        .push(crate::world::cell("debian", "main", "login"));
    let plan = world.plan_seeing(&observed);
    let reason = plan.runs().find(|(step, _)| step.key == build).unwrap().1;
    assert_eq!(reason.kind(), "needed_by");
}
