//! Ctrl-C: once to stop gently, twice to stop at once.

use super::slow_build::{going, is_running, project};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

#[test]
fn the_second_interrupt_ends_everything_at_once_and_leaves_the_state_valid() {
    let project = project();
    let (mut child, mut told) = going(&project);
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let gently = |line: &String| line.contains("stopping") && line.contains("\"at_once\":false");
    told.find(gently).expect("the first one is told");
    assert!(is_running(&project), "what runs is waited for");
    assert_eq!(child.try_wait().unwrap(), None);
    kill_process(pid, Signal::INT).unwrap();
    let last = told.last().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(
        last.contains("run_finished") && last.contains("130"),
        "{last}"
    );
    assert!(!is_running(&project));
    let state: Value = serde_json::from_str(&project.ok(&["state", "pull", "plan.toml"])).unwrap();
    assert_eq!(state["leases"].as_array().unwrap().len(), 0);
    assert_eq!(state["unfinished"].as_object().unwrap().len(), 0);
    assert_eq!(state["steps"]["main.deb:build"]["verdict"], "blocked");
    assert!(
        project
            .ok(&["lock", "info", "plan.toml"])
            .contains("not locked")
    );
}
