//! The examples that come along, as golden tests. What needs a real desktop is tested by `make demo`.

use crate::project::Project;
use std::fs;

#[test]
fn the_simulated_fleet_plans_and_applies_the_same_each_time() {
    let project = Project::new(&fs::read_to_string("examples/fleet.toml").unwrap());
    insta::assert_snapshot!(project.ok(&["plan", "plan.toml", "--target", "machine(opensuse)"]), @r"
    Because
      5 x never run

    Steps
      + main.rpm:build  never run
      + opensuse:restore  never run, from base
      + opensuse/none/main.rpm:install  never run, from base
      + opensuse/none/main.rpm/smoke/no-display:exercise  never run
      + opensuse/none/main.rpm/smoke/x11:exercise  never run

      o 2 left out: its node has no GPU

    Plan: 5 to run (5 new), 0 kept, 0 to release, 2 left out; at least 1 min 23 s
    ");
    let ran = project.run(&["apply", "plan.toml", "--yes"]);
    let matrix: Vec<_> = ran
        .out
        .lines()
        .take_while(|line| !line.starts_with("Report"))
        .collect();
    insta::assert_snapshot!(matrix.join("\n"), @r"
    main.deb          debian12      debian12/rtx3060
    smoke/no-display  ✗ failed      ✗ failed
    smoke/x11         ✓ passed      ✗ failed

    main.rpm          fedora42      fedora42/rtx3060  opensuse      opensuse/rtx3060
    smoke/no-display  ✗ failed      ≈ expected        ✗ failed      - left out
    smoke/x11         ✗ failed      ✓ passed          ✓ passed      - left out

    6 failed, 1 expected, 3 passed, 2 left out
    ");
}

#[test]
fn every_plan_that_comes_along_is_sound() {
    for plan in [
        "plans/notes.toml",
        "plans/mousepad.toml",
        "examples/fleet.toml",
    ] {
        let root = std::env::current_dir().unwrap();
        let project = Project::new("");
        let path = root.join(plan).display().to_string();
        assert!(project.ok(&["validate", &path]).contains("is sound"));
    }
}
