//! Killed at any moment, the state tells the truth.

use crate::project::Project;
use mosdat::{
    driver::disk::{DiskStore, SystemClock},
    model::{Event, Recorded, Verdict},
    port::Store as _,
};
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs::{self, File},
    sync::Arc,
    time::{Duration, Instant},
};

/// How often the program is killed.
const KILLS: u32 = 1000;

fn fleet() -> Project {
    let mut plan = String::from(
        "[matrix]\nname = \"fleet\"\nscenarios = [\"smoke/x11\", \"smoke/no-display\"]\n\
         [app]\nname = \"notes\"\nversion = \"1\"\nbinary = \"/usr/bin/notes\"\nargs = [\"0\"]\n\
         [[build]]\nname = \"main\"\n[sim]\nseed = 7\n",
    );
    for number in 0..12 {
        write!(
            plan,
            "[[vm]]\nname = \"vm{number}\"\n[[vm.package]]\nformat = \"deb\"\n"
        )
        .unwrap();
    }
    Project::new(&plan)
}

/// Starts an apply, kills it after `delay`, and returns what it had told by then.
fn killed(project: &Project, delay: Duration) -> (bool, Vec<Event>) {
    let told = project.path().join("told");
    let mut child = project
        .command(&["apply", "plan.toml", "--yes", "--json"])
        .stdout(File::create(&told).unwrap())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // The moment of the kill is the point of this test; there is nothing to wait for.
    std::thread::sleep(delay);
    let was_done = child.try_wait().unwrap().is_some();
    if !was_done {
        child.kill().unwrap();
    }
    child.wait().unwrap();
    let text = fs::read_to_string(&told).unwrap();
    // The last line may be torn.
    let events = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    (was_done, events.collect())
}

fn load(project: &Project) -> Recorded {
    let store = DiskStore::open(&project.state(), Arc::new(SystemClock)).unwrap();
    store.load().unwrap()
}

/// Every act that the simulated cluster carried to its end: the step and what went into it.
fn acts(project: &Project) -> BTreeSet<(String, String)> {
    let text = fs::read_to_string(project.state().join("sim-world")).unwrap_or_default();
    let acts = text.lines().filter_map(|line| {
        let mut words = line.strip_prefix("acted\t")?.split('\t');
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    });
    acts.collect()
}

fn check(project: &Project, before: &Recorded, told: &[Event]) -> Recorded {
    let now = load(project);
    let acts = acts(project);
    for (key, step) in &now.steps {
        let act = (key.to_string(), step.hash.to_hex());
        assert!(
            step.verdict != Verdict::Passed || acts.contains(&act),
            "`{key}` is recorded as passed and never happened"
        );
    }
    for (key, step) in &before.steps {
        let after = now
            .steps
            .get(key)
            .unwrap_or_else(|| panic!("`{key}` is lost"));
        // Runs are named by the clock on the wall, and sort; virtual time may overtake it.
        assert!(after.run >= step.run, "`{key}` went back in time");
    }
    let run = told.iter().find_map(|event| match event {
        Event::RunStarted { run, .. } => Some(run),
        _ => None,
    });
    for event in told {
        if let Event::StepFinished { key, .. } = event {
            let step = now
                .steps
                .get(key)
                .unwrap_or_else(|| panic!("`{key}` was told and is lost"));
            assert_eq!(
                Some(&step.run),
                run,
                "`{key}` was told to have ended in this run"
            );
        }
    }
    now
}

/// Every step whose end is not known will run.
fn check_plan(project: &Project, recorded: &Recorded) {
    let plan: serde_json::Value =
        serde_json::from_str(&project.ok(&["plan", "plan.toml", "--json"])).unwrap();
    for step in plan["steps"].as_array().unwrap() {
        let key = step["key"].as_str().unwrap();
        if recorded.unfinished.contains_key(&key.into()) {
            assert_eq!(
                step["action"], "run",
                "`{key}` started, never ended, and is kept"
            );
        }
    }
}

#[test]
fn killed_at_any_moment_the_state_tells_the_truth() {
    let project = fleet();
    let began = Instant::now();
    project.ok(&["apply", "plan.toml", "--yes"]);
    let whole = began.elapsed();
    let mut random = fastrand::Rng::with_seed(11);
    let mut recorded = load(&project);
    let (mut edition, mut cut_short, mut unfinished) = (0, 0, 0);
    for round in 0..KILLS {
        let delay = whole.mul_f64(random.f64() * 1.1);
        let (was_done, told) = killed(&project, delay);
        recorded = check(&project, &recorded, &told);
        cut_short += u32::from(!was_done);
        unfinished += u32::from(!recorded.unfinished.is_empty());
        if round % 50 == 0 {
            check_plan(&project, &recorded);
        }
        if was_done {
            // There has to be something to do next time.
            project.edit_plan(&format!("\"{edition}\""), &format!("\"{}\"", edition + 1));
            edition += 1;
        }
    }
    assert!(cut_short > KILLS / 3, "only {cut_short} kills came in time");
    assert!(
        unfinished > KILLS / 20,
        "only {unfinished} kills hit a step"
    );
    project.ok(&["apply", "plan.toml", "--yes"]);
    let recorded = load(&project);
    assert!(recorded.unfinished.is_empty() && recorded.leases.is_empty());
    assert!(project.ok(&["plan", "plan.toml"]).contains("nothing to do"));
}
