//! QEMU is killed in the middle of a scenario.

use crate::vms::fleet::{Desktop, Fleet};
use mosdat::model::{Event, Verdict};

/// Long enough to be killed in.
const STEPS: &str = "  - shell: echo here\n  - shell: sleep 12\n";

/// Applies the plan, and kills the machine in the middle of each of the first `times` attempts.
fn apply_killing(fleet: &Fleet, times: usize) -> crate::vms::told::Told {
    let (going, told) = fleet.start();
    let mut killed = 0;
    let told: Vec<_> = told
        .inspect(|event| {
            let is_in_the_middle = matches!(
                event,
                Event::Instruction {
                    number: 1,
                    verdict: Verdict::Passed,
                    ..
                }
            );
            if is_in_the_middle && killed < times {
                killed += 1;
                let machines = fleet.machines();
                assert_eq!(machines.len(), 1, "{machines:?}");
                machines[0].kill();
            }
        })
        .collect();
    let told = going.end(told);
    assert_eq!(killed, times);
    told
}

#[test]
fn a_machine_that_is_killed_blocks_its_cell_and_only_a_fresh_one_counts() {
    let fleet = Fleet::prepared(Desktop::None);
    fleet.scenario("stays", STEPS);
    let key = fleet.exercise("stays");
    let told = apply_killing(&fleet, 3).ended_with(1);
    let (verdict, detail) = told.end(&key);
    assert_eq!(verdict, Verdict::Blocked, "{detail}");
    assert!(
        detail.contains("lost `box`") && detail.contains("SIGKILL"),
        "{detail}"
    );
    assert_eq!(told.attempts(&key), 3);
    assert!(
        told.retried(&key)
            .iter()
            .all(|(verdict, _)| *verdict == Verdict::Blocked)
    );
    fleet.assert_nothing_left();
    assert_eq!(fleet.due(), [key.as_str()]);
    let told = apply_killing(&fleet, 1).ended_with(0);
    assert_eq!(told.end(&key).0, Verdict::Passed);
    assert_eq!(told.attempts(&key), 2);
    fleet.assert_nothing_left();
}
